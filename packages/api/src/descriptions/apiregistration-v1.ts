import type { Descriptions } from "./description.ts";

export const apiregistrationV1: Descriptions = {
  APIService: { about: "Who serves a version of a group: another server, or this one. Its name is VERSION.GROUP." },
  APIServiceCondition: { about: "Whether the server can be reached: Available." },
  APIServiceSpec: {
    about: "Who serves which version of which group.",
    fields: {
      caBundle: "Authorities for the certificate of the server, in PEM. By default those of the system.",
      group: "The group.",
      groupPriorityMinimum:
        "How high the group stands among others, at least: the highest of its versions counts. 1 to 20000; higher is earlier.",
      insecureSkipTLSVerify:
        "Whether the server's certificate goes unchecked. Not advisable; not together with caBundle.",
      service: "The Service of the server. Absent: this server has it itself.",
      version: "The version.",
      versionPriority:
        "How high the version stands in its group: 1 to 1000; higher is earlier. Of equals, a later version, and a stable one before beta and alpha.",
    },
  },
  APIServiceStatus: { about: "Whether the server can be reached." },
  ServiceReference: {
    about: "A Service.",
    fields: { name: "Its name.", namespace: "Its namespace.", port: "Its port. Default 443." },
  },
};
