import assert from "node:assert/strict";
import { test } from "node:test";
import { allDefinitions } from "./catalogue.ts";

/** Upstream's columns (pkg/printers/internalversion): `+` for those of `-o wide`, then the type where it is not text. */
const columns: Readonly<Record<string, string>> = {
  pods: "Name Ready Status Restarts Age +IP +Node +Nominated_Node +Readiness_Gates",
  podtemplates: "Name Containers Images Pod_Labels",
  poddisruptionbudgets: "Name Min_Available Max_Unavailable Allowed_Disruptions:integer Age",
  replicationcontrollers: "Name Desired:integer Current:integer Ready:integer Age +Containers +Images +Selector",
  replicasets: "Name Desired:integer Current:integer Ready:integer Age +Containers +Images +Selector",
  daemonsets:
    "Name Desired:integer Current:integer Ready:integer Up-to-date:integer Available:integer Node_Selector Age +Containers +Images +Selector",
  jobs: "Name Status Completions Duration Age +Containers +Images +Selector",
  cronjobs: "Name Schedule Timezone Suspend:boolean Active:integer Last_Schedule Age +Containers +Images +Selector",
  services: "Name Type Cluster-IP External-IP Port(s) Age +Selector",
  ingresses: "Name Class Hosts Address Ports Age",
  ingressclasses: "Name Controller Parameters Age",
  statefulsets: "Name Ready Age +Containers +Images",
  endpoints: "Name Endpoints Age",
  nodes: "Name Status Roles Age Version +Internal-IP +External-IP +OS-Image +Kernel-Version +Container-Runtime",
  events: "Last_Seen Type Reason Object +Subobject +Source Message +First_Seen +Count +Name",
  namespaces: "Name Status Age",
  secrets: "Name Type Data Age",
  serviceaccounts: "Name Secrets Age",
  persistentvolumes:
    "Name Capacity Access_Modes Reclaim_Policy Status Claim StorageClass VolumeAttributesClass Reason Age +VolumeMode",
  persistentvolumeclaims: "Name Status Volume Capacity Access_Modes StorageClass VolumeAttributesClass Age +VolumeMode",
  componentstatuses: "Name Status Message Error",
  deployments: "Name Ready Up-to-date Available Age +Containers +Images +Selector",
  horizontalpodautoscalers: "Name Reference Targets MinPods MaxPods Replicas Age",
  configmaps: "Name Data Age",
  networkpolicies: "Name Pod-Selector Age",
  rolebindings: "Name Role Age +Users +Groups +ServiceAccounts",
  clusterrolebindings: "Name Role Age +Users +Groups +ServiceAccounts",
  certificatesigningrequests: "Name Age SignerName Requestor RequestedDuration Condition",
  clustertrustbundles: "Name SignerName",
  podcertificaterequests: "Name PodName ServiceAccountName NodeName SignerName State Age",
  leases: "Name Holder Age",
  leasecandidates: "Name LeaseName BinaryVersion EmulationVersion Age",
  storageclasses: "Name Provisioner ReclaimPolicy VolumeBindingMode AllowVolumeExpansion Age",
  volumeattributesclasses: "Name DriverName Age",
  controllerrevisions: "Name Controller Revision Age",
  resourcequotas: "Name Request Limit Age",
  priorityclasses: "Name Value:integer Global-Default:boolean Age PreemptionPolicy",
  runtimeclasses: "Name Handler Age",
  volumeattachments: "Name Attacher PV Node Attached:boolean Age",
  endpointslices: "Name AddressType Ports Endpoints Age",
  csinodes: "Name Drivers:integer Age",
  csidrivers:
    "Name AttachRequired:boolean PodInfoOnMount:boolean StorageCapacity:boolean TokenRequests RequiresRepublish:boolean Modes Age",
  csistoragecapacities: "Name StorageClassName Capacity",
  mutatingwebhookconfigurations: "Name Webhooks:integer Age",
  validatingwebhookconfigurations: "Name Webhooks:integer Age",
  validatingadmissionpolicies: "Name Validations:integer ParamKind Age",
  validatingadmissionpolicybindings: "Name PolicyName ParamRef Age",
  mutatingadmissionpolicies: "Name Mutations:integer ParamKind Age",
  mutatingadmissionpolicybindings: "Name PolicyName ParamRef Age",
  flowschemas: "Name PriorityLevel MatchingPrecedence DistinguisherMethod Age MissingPL",
  prioritylevelconfigurations: "Name Type NominalConcurrencyShares Queues HandSize QueueLengthLimit Age",
  storageversions: "Name CommonEncodingVersion StorageVersions Age",
  deviceclasses: "Name Age",
  resourceclaims: "Name State Age",
  resourceclaimtemplates: "Name Age",
  resourceslices: "Name Node Driver Pool Age",
  servicecidrs: "Name CIDRs Age",
  ipaddresses: "Name ParentRef",
  storageversionmigrations: "Name Resource",
};

/** Theirs are other programs' columns (a CRD's, an APIService's), or no printed form is known. */
const others = ["customresourcedefinitions", "apiservices", "devicetaintrules", "resourcepoolstatusrequests"];
const byDefault = "Name Created_At";

test("columns are upstream's, with their types, and those of -o wide", () => {
  const found: string[] = [];
  const wanted: string[] = [];
  for (const definition of allDefinitions()) {
    const { plural, version } = definition;
    if (others.includes(plural)) continue;
    const texts = (definition.columns ?? []).map(({ name, type, priority }) => {
      const text = priority === 1 ? `+${name}` : name;
      return `${text.replaceAll(" ", "_")}${type === "string" || type === "date" ? "" : `:${type}`}`;
    });
    found.push(`${plural}.${version}: ${texts.join(" ")}`);
    wanted.push(`${plural}.${version}: ${columns[plural] ?? byDefault}`);
  }
  assert.deepEqual(found, wanted);
});

/** Upstream's short names, categories and selectable fields; all others have none. */
const shortNames: Readonly<Record<string, string>> = {
  certificatesigningrequests: "csr",
  componentstatuses: "cs",
  configmaps: "cm",
  cronjobs: "cj",
  customresourcedefinitions: "crd crds",
  daemonsets: "ds",
  deployments: "deploy",
  endpoints: "ep",
  events: "ev",
  horizontalpodautoscalers: "hpa",
  ingresses: "ing",
  ipaddresses: "ip",
  limitranges: "limits",
  namespaces: "ns",
  networkpolicies: "netpol",
  nodes: "no",
  persistentvolumeclaims: "pvc",
  persistentvolumes: "pv",
  poddisruptionbudgets: "pdb",
  pods: "po",
  priorityclasses: "pc",
  replicasets: "rs",
  replicationcontrollers: "rc",
  resourcequotas: "quota",
  serviceaccounts: "sa",
  services: "svc",
  statefulsets: "sts",
  storageclasses: "sc",
  volumeattributesclasses: "vac",
};

const all =
  "cronjobs daemonsets deployments horizontalpodautoscalers jobs pods replicasets replicationcontrollers services statefulsets".split(
    " ",
  );

const fields: Readonly<Record<string, string>> = {
  certificatesigningrequests: "spec.signerName",
  clustertrustbundles: "spec.signerName",
  events:
    "involvedObject.apiVersion involvedObject.fieldPath involvedObject.kind involvedObject.name involvedObject.namespace involvedObject.resourceVersion involvedObject.uid reason reportingComponent source type",
  jobs: "status.successful",
  namespaces: "status.phase",
  nodes: "spec.unschedulable",
  podcertificaterequests: "spec.nodeName spec.podName spec.signerName",
  pods: "spec.hostNetwork spec.nodeName spec.restartPolicy spec.schedulerName spec.serviceAccountName status.nominatedNodeName status.phase status.podIP status.podIPs",
  replicasets: "status.replicas",
  replicationcontrollers: "status.replicas",
  resourceslices: "spec.driver spec.nodeName",
  secrets: "type",
  services: "spec.clusterIP spec.type",
};

test("short names, categories and selectable fields are upstream's", () => {
  const found = { shortNames: [] as string[], all: [] as string[], fields: [] as string[] };
  const wanted = { shortNames: [] as string[], all: [] as string[], fields: [] as string[] };
  for (const { plural, version, group, ...definition } of allDefinitions()) {
    const name = `${plural}.${version}.${group}: `;
    found.shortNames.push(name + definition.shortNames.join(" "));
    wanted.shortNames.push(name + (shortNames[plural] ?? ""));
    if (definition.categories.includes("all")) found.all.push(plural);
    if (all.includes(plural)) wanted.all.push(plural);
    if (group === "events.k8s.io") continue;
    found.fields.push(name + Object.keys(definition.selectableFields).sort().join(" "));
    wanted.fields.push(name + (fields[plural] ?? ""));
  }
  assert.deepEqual(found, wanted);
});
