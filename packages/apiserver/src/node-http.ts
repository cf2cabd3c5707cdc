/**
 * What is used of `node:http`. To import it as a module reads everything it exports, and that loads the client of WebSockets and fetch with it: a
 * twentieth of the time until the server is ready.
 */

export const { Agent, request, STATUS_CODES } = process.getBuiltinModule("node:http");
