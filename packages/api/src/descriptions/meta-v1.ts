import type { Descriptions } from "./description.ts";

const labelOrField = (what: string) => ({
  about: `A condition on the value of one ${what}.`,
  fields: {
    key: `The ${what}.`,
    operator: "In, NotIn, Exists or DoesNotExist.",
    values: "The values for In and NotIn; none for the others.",
  },
});

const serverAddressByClientCIDRs = "Which address of the server a client should use, by the network it is in.";

/** What comes with all groups. The types' names follow `io.k8s.apimachinery.pkg.apis.meta.v1.`. */
export const metaV1: Descriptions = {
  APIGroup: {
    about: "A group of the API, and its versions.",
    fields: {
      name: "The name of the group.",
      preferredVersion: "The version to use when there is no reason for another.",
      serverAddressByClientCIDRs,
      versions: "All versions of the group.",
    },
  },
  APIGroupList: { about: "The groups of the API.", fields: { groups: "The groups." } },
  APIResource: {
    about: "A resource of the API, and what can be done with it.",
    fields: {
      categories: "Names for several resources together, such as all.",
      group: "The group of its objects, when it is not that of the list.",
      kind: "The kind of its objects.",
      name: "Its name in paths: the plural, or the plural, / and the subresource.",
      namespaced: "Whether its objects are in namespaces.",
      shortNames: "Short names for command lines, such as po.",
      singularName: "Its name in the singular.",
      storageVersionHash: "Changes when objects are stored in another version. To be compared, not to be read.",
      verbs: "What can be done, such as get, list, watch, create, update, patch, delete.",
      version: "The version of its objects, when it is not that of the list.",
    },
  },
  APIResourceList: {
    about: "The resources of one group and version.",
    fields: { groupVersion: "The group and version.", resources: "The resources." },
  },
  APIVersions: {
    about: "The versions of the core group.",
    fields: { serverAddressByClientCIDRs, versions: "The versions." },
  },
  Condition: { about: "One thing that is, or is not, so of an object." },
  DeleteOptions: {
    about: "How an object is to be deleted.",
    fields: {
      dryRun: "All: do everything but store the outcome.",
      gracePeriodSeconds: "How many seconds the object has to end. 0 deletes at once. By default that of the kind.",
      ignoreStoreReadErrorWithClusterBreakingPotential:
        "Delete the object even if it cannot be read from storage any more, without finalizers, preconditions or admission. What it stood for may be left behind.",
      orphanDependents: "Whether its dependents are kept. Deprecated: use propagationPolicy, and not both.",
      preconditions: "What must be so of the object, or it is not deleted.",
      propagationPolicy:
        "What becomes of its dependents: Orphan keeps them, Background deletes them afterwards, Foreground deletes them first. By default that of the kind.",
    },
  },
  FieldSelectorRequirement: labelOrField("field"),
  FieldsV1: {
    about:
      "A set of fields, as JSON: f:NAME is a field, k:KEYS the item of a list with these keys, v:VALUE that with this value, i:INDEX that at this place.",
  },
  GroupResource: { about: "A resource, without a version.", fields: { group: "Its group.", resource: "Its name." } },
  GroupVersionForDiscovery: {
    about: "One version of a group.",
    fields: { groupVersion: "Group and version, such as apps/v1.", version: "The version alone." },
  },
  LabelSelector: {
    about:
      "Which objects, by their labels: those that meet all conditions. An empty one is all of them, an absent one none.",
    fields: { matchExpressions: "Conditions on labels.", matchLabels: "Labels with the values they must have." },
  },
  LabelSelectorRequirement: labelOrField("label"),
  ListMeta: {
    about: "What every list has.",
    fields: {
      continue:
        "To be given to the next request when there is more. It holds for some minutes, and for the same question only.",
      remainingItemCount: "How many more there are, about; only for lists without selectors.",
      resourceVersion: "What the list is up to: a watch can go on from here. To be given back, not to be read.",
      selfLink: "No longer filled in.",
      shardInfo: "Which part of the objects the list was made of, when it is only a part.",
    },
  },
  ManagedFieldsEntry: {
    about: "Which fields a manager has set.",
    fields: {
      apiVersion: "The group and version in which the fields are named.",
      fieldsType: "In which form they are written: FieldsV1.",
      fieldsV1: "The fields.",
      manager: "Who set them.",
      operation: "How: Apply or Update.",
      subresource: "Through which subresource. Empty for the object itself.",
      time: "When the manager last changed which fields it has, or their values.",
    },
  },
  MicroTime: { about: "A point in time to the microsecond, as in RFC 3339." },
  ObjectMeta: {
    about: "What every object has.",
    fields: {
      annotations: "Notes for tools, by key. They cannot be selected by, and may be long.",
      creationTimestamp: "CreationTimestamp is a timestamp of the moment the object was made. Set by the server.",
      deletionGracePeriodSeconds: "How many seconds it had to end when its deletion began. Set by the server.",
      deletionTimestamp:
        "When the object will be gone, or could be: its deletion has begun and cannot be taken back. Set by the server.",
      finalizers:
        "What must be done before the object goes. It goes when its deletion has begun and this is empty. Entries are removed by whoever did the work.",
      generateName: "The beginning of a name, when none is given: the server adds a random ending.",
      generation: "Counts changes of what is wanted. Set by the server.",
      labels: "Names and values by which objects can be selected.",
      managedFields:
        "Which fields each manager has set: the server's bookkeeping for apply. Users rarely need to look at it or write it.",
      name: "The name, unique among objects of its kind in its namespace. Cannot be changed.",
      namespace: "The namespace. Empty for kinds that are in none. Cannot be changed.",
      ownerReferences: "The objects this one depends on: when all of them are gone, it is deleted.",
      resourceVersion:
        "Changes with every change of the object. To be given back when it is updated, so that a change in between is noticed; not to be read.",
      selfLink: "No longer filled in.",
      uid: "Unique among all objects that ever were. Set by the server.",
    },
  },
  OwnerReference: {
    about: "An object on which another depends: in the same namespace, or in none.",
    fields: {
      apiVersion: "Its group and version.",
      blockOwnerDeletion: "Whether a deletion of the owner in the foreground waits for this dependent.",
      controller: "Whether it is the controller: at most one owner is.",
      kind: "Its kind.",
      name: "Its name.",
      uid: "Its UID.",
    },
  },
  Patch: { about: "A change to an object; its form is said by the content type of the request." },
  Preconditions: {
    about: "What must be so of an object for an operation to be carried out.",
    fields: { resourceVersion: "The resourceVersion it must have.", uid: "The UID it must have." },
  },
  ServerAddressByClientCIDR: {
    about: "Which address of the server clients of a network should use.",
    fields: { clientCIDR: "The network.", serverAddress: "The address: a host, an IP address, or either with a port." },
  },
  ShardInfo: {
    about: "Which part of a resource's objects a list was made of.",
    fields: { selector: "The selector of the part." },
  },
  Status: {
    about: "How a request ended, where it does not answer with an object: most often an error.",
    fields: {
      code: "The HTTP status code.",
      details: "More about the reason, by which a program can go.",
      message: "What happened, for people.",
      metadata: "What every list has; seldom of use here.",
      reason: "Why it failed, in a word for machines.",
      status: "Success or Failure.",
    },
  },
  StatusCause: {
    about: "One of the reasons for an error.",
    fields: {
      field: "The field that is at fault, such as spec.containers[0].image.",
      message: "What is wrong, for people.",
      reason: "What is wrong, in a word for machines.",
    },
  },
  StatusDetails: {
    about: "More about why a request failed.",
    fields: {
      causes: "Everything that was found wrong.",
      group: "The group of the object or resource.",
      kind: "Its kind, or the resource.",
      name: "Its name.",
      retryAfterSeconds: "After how many seconds to try again.",
      uid: "Its UID.",
    },
  },
  Time: { about: "A point in time to the second, as in RFC 3339." },
  WatchEvent: {
    about: "One event of a watch.",
    fields: {
      object:
        "The object as it is now; as it last was when it is gone; for BOOKMARK only its resourceVersion; for ERROR a Status.",
      type: "ADDED, MODIFIED, DELETED, BOOKMARK or ERROR.",
    },
  },
};

export const apiResource: Descriptions = {
  Quantity: {
    about:
      "An amount: a decimal number with a suffix: n, u, m, k, M, G, T, P, E; Ki, Mi, Gi, Ti, Pi, Ei; or an exponent such as e3. 0.1, 100m and 100e-3 are the same.",
  },
};

export const runtime: Descriptions = { RawExtension: { about: "Any object, as JSON." } };

export const intstr: Descriptions = {
  IntOrString: { about: "A number, or a string such as a percentage or the name of a port." },
};

export const version: Descriptions = {
  Info: {
    about: "Which program this is.",
    fields: {
      buildDate: "When it was built.",
      compiler: "What it was compiled with.",
      emulationMajor: "The major version it behaves like.",
      emulationMinor: "The minor version it behaves like.",
      gitCommit: "The commit it was built from.",
      gitTreeState: "Whether there were changes beyond that commit: clean or dirty.",
      gitVersion: "The whole version, such as v1.36.0.",
      goVersion: "The version of its language's runtime.",
      major: "The major version.",
      minCompatibilityMajor: "The lowest major version it can work together with.",
      minCompatibilityMinor: "The lowest minor version it can work together with.",
      minor: "The minor version.",
      platform: "The operating system and processor.",
    },
  },
};
