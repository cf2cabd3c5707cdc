/** The images that kubets itself needs. */

import type { ImageSpec } from "./build.ts";

/** What holds a pod's namespaces: one static program that reaps orphans and ends on SIGTERM. */
export const pauseImageName = "kubets.local/pause:1";

/** What holds a pod's namespaces: a process that does nothing but collect its dead children. */
export function pauseImage(): ImageSpec {
  return {
    names: [pauseImageName],
    packages: ["catatonit"],
    exclude: ["usr/libexec"],
    entrypoint: ["/usr/bin/catatonit", "-P"],
  };
}

const nginxConfig = (title: string) => `worker_processes 1;
error_log /dev/stderr notice;
pid /run/nginx.pid;
events { worker_connections 1024; }
http {
  access_log /dev/stdout;
  server_tokens off;
  include /etc/nginx/mime.types;
  server {
    listen 80 default_server;
    location = / {
      default_type text/html;
      return 200 "<!doctype html><title>${title}</title><h1>${title}</h1><p>Answered by pod <b>$hostname</b></p>\\n";
    }
    location = /healthz {
      default_type text/plain;
      return 200 "ok\\n";
    }
  }
}
`;

/** nginx from Debian on port 80, telling which pod answers; `title` tells versions apart. */
export function webImage(names: readonly string[], title: string): ImageSpec {
  return {
    names,
    packages: ["nginx", "busybox-static"],
    // nginx and nginx-common list these for their maintainer scripts alone.
    without: nginxScriptDependencies,
    files: [
      { path: "etc/nginx/nginx.conf", content: nginxConfig(title) },
      {
        path: "etc/passwd",
        content:
          "root:x:0:0:root:/root:/bin/sh\nwww-data:x:33:33:www-data:/var/www:/usr/sbin/nologin\nnobody:x:65534:65534:nobody:/:/usr/sbin/nologin\n",
      },
      { path: "etc/group", content: "root:x:0:\nadm:x:4:\nwww-data:x:33:\nnogroup:x:65534:\n" },
      { path: "run", directory: true },
      { path: "tmp", directory: true, mode: 0o1777 },
      { path: "var/lib/nginx", directory: true },
      { path: "var/log/nginx", directory: true },
      ...["sh", "ls", "cat", "wget", "sleep", "ps", "env", "nslookup", "ping", "vi", "hostname"].map((applet) => ({
        path: `bin/${applet}`,
        symlink: "busybox",
      })),
    ],
    exclude: [
      "etc/nginx/sites-available",
      "etc/init.d",
      "lib/systemd",
      "etc/logrotate.d",
      "etc/ufw",
      "usr/share/nginx",
      "etc/default",
    ],
    entrypoint: ["/usr/sbin/nginx", "-g", "daemon off;"],
    exposedPorts: [80],
    stopSignal: "SIGQUIT",
  };
}

const nginxScriptDependencies = [
  ...[
    "iproute2",
    "libbpf1",
    "libelf1",
    "libbsd0",
    "libmd0",
    "libmnl0",
    "libdb5.3",
    "libcap2",
    "libcap2-bin",
    "libxtables12",
  ],
  ...[
    "libselinux1",
    "libtirpc3",
    "libtirpc-common",
    "libgssapi-krb5-2",
    "libkrb5-3",
    "libk5crypto3",
    "libkrb5support0",
  ],
  ...["libkeyutils1", "libcom-err2", "debconf", "gcc-12-base"],
];

export const demoImageName = (version: "v1" | "v2") => `kubets.local/demo:${version}`;

/** What `kubets up --demo` deploys. */
export function demoImage(version: "v1" | "v2"): ImageSpec {
  return webImage([demoImageName(version)], `kubets demo ${version}`);
}

/** A shell and its tools in one static program. `applets` are the commands that get a name of their own. */
export function busyboxImage(names: readonly string[], applets: readonly string[] = commonApplets): ImageSpec {
  return {
    names,
    packages: ["busybox-static"],
    files: [
      { path: "etc/passwd", content: "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n" },
      { path: "etc/group", content: "root:x:0:\nnogroup:x:65534:\n" },
      { path: "root", directory: true, mode: 0o700 },
      { path: "tmp", directory: true, mode: 0o1777 },
      ...applets.map((applet) => ({ path: `bin/${applet}`, symlink: "busybox" })),
    ],
    entrypoint: [],
    cmd: ["sh"],
  };
}

const commonApplets: readonly string[] = [
  ...[
    "sh",
    "ash",
    "cat",
    "chmod",
    "chown",
    "cp",
    "cut",
    "date",
    "dd",
    "df",
    "dmesg",
    "du",
    "echo",
    "env",
    "expr",
    "false",
  ],
  ...[
    "find",
    "free",
    "grep",
    "gunzip",
    "gzip",
    "head",
    "hostname",
    "httpd",
    "id",
    "ifconfig",
    "ip",
    "kill",
    "killall",
    "ln",
  ],
  ...[
    "ls",
    "md5sum",
    "mkdir",
    "mkfifo",
    "mknod",
    "mktemp",
    "more",
    "mount",
    "mv",
    "nc",
    "nslookup",
    "nproc",
    "od",
    "pgrep",
  ],
  ...[
    "pidof",
    "ping",
    "pkill",
    "printenv",
    "printf",
    "ps",
    "pwd",
    "readlink",
    "realpath",
    "rm",
    "rmdir",
    "route",
    "sed",
    "seq",
  ],
  ...[
    "setsid",
    "sha256sum",
    "sleep",
    "sort",
    "stat",
    "stty",
    "sync",
    "tail",
    "tar",
    "tee",
    "telnet",
    "test",
    "time",
    "timeout",
  ],
  ...[
    "top",
    "touch",
    "tr",
    "traceroute",
    "true",
    "tty",
    "umount",
    "uname",
    "uniq",
    "uptime",
    "usleep",
    "vi",
    "watch",
    "wc",
  ],
  ...[
    "wget",
    "which",
    "whoami",
    "xargs",
    "yes",
    "nohup",
    "[",
    "awk",
    "basename",
    "dirname",
    "clear",
    "diff",
    "tac",
    "trap",
  ],
];
