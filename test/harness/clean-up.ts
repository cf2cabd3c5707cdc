/** Taking down what a test has set up, the last thing first: `node:test` itself runs its `after` hooks in the order of their making. */

import type { TestContext } from "node:test";

type Task = () => unknown;
const stacks = new WeakMap<TestContext, Task[]>();

/** Runs `task` when the test ends, before all that was handed in earlier. A task that fails does not keep the others from running. */
export function cleanUp(t: TestContext, task: Task): void {
  const stack = stacks.get(t);
  if (stack !== undefined) return void stack.push(task);
  const tasks = [task];
  stacks.set(t, tasks);
  t.after(async () => {
    const errors: unknown[] = [];
    for (const next of tasks.reverse()) {
      try {
        await next();
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length > 0) throw errors.length === 1 ? errors[0] : new AggregateError(errors, "cleaning up failed");
  });
}
