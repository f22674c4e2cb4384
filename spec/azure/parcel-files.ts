/** What function.json says of each function of `Parcels`, byte for byte. */
export const parcelFiles: Readonly<Record<string, string>> = {
  printLabel: `{
  "generatedBy": "dapr-functions",
  "scriptFile": "index.cjs",
  "bindings": [
    { "type": "daprServiceInvocationTrigger", "direction": "in", "name": "payload" },
    { "type": "daprBinding", "direction": "out", "name": "labels", "bindingName": "%LabelPrinter%", "operation": "create" }
  ]
}
`,
  "Register-Parcels": `{
  "generatedBy": "dapr-functions",
  "scriptFile": "index.cjs",
  "bindings": [
    { "type": "daprServiceInvocationTrigger", "direction": "in", "name": "batch", "methodName": "parcels" },
    { "type": "daprState", "direction": "out", "name": "stored", "stateStore": "%ParcelStore%" }
  ]
}
`,
  findParcel: `{
  "generatedBy": "dapr-functions",
  "scriptFile": "index.cjs",
  "bindings": [
    { "type": "daprServiceInvocationTrigger", "direction": "in", "name": "payload" },
    { "type": "daprState", "direction": "in", "name": "parcel", "stateStore": "%ParcelStore%", "key": "parcel-{id}" }
  ]
}
`,
  keepScan: `{
  "generatedBy": "dapr-functions",
  "scriptFile": "index.cjs",
  "bindings": [
    { "type": "daprTopicTrigger", "direction": "in", "name": "payload", "pubSubName": "%Bus%", "topic": "scans", "route": "on-scan" },
    { "type": "daprState", "direction": "out", "name": "last", "stateStore": "%ParcelStore%", "key": "scan-{data.parcelId}" }
  ]
}
`,
  announce: `{
  "generatedBy": "dapr-functions",
  "scriptFile": "index.cjs",
  "bindings": [
    { "type": "daprTopicTrigger", "direction": "in", "name": "event", "pubSubName": "%Bus%", "topic": "arrivals" },
    { "type": "daprPublish", "direction": "out", "name": "notices", "pubSubName": "%Bus%", "topic": "notices-{data.depot}" },
    { "type": "daprPublish", "direction": "out", "name": "audit", "pubSubName": "auditbus" }
  ]
}
`,
  readFrame: `{
  "generatedBy": "dapr-functions",
  "scriptFile": "index.cjs",
  "bindings": [
    { "type": "daprBindingTrigger", "direction": "in", "name": "frame", "dataType": "binary", "bindingName": "depot-camera" },
    { "type": "daprInvoke", "direction": "out", "name": "vision", "appId": "vision", "methodName": "frames/read", "httpVerb": "put" }
  ]
}
`,
  carrierReady: `{
  "generatedBy": "dapr-functions",
  "scriptFile": "index.cjs",
  "bindings": [
    { "type": "daprServiceInvocationTrigger", "direction": "in", "name": "payload" },
    { "type": "daprSecret", "direction": "in", "name": "token", "secretStoreName": "vault", "key": "carrier", "metadata": "metadata.version_id=2" }
  ]
}
`,
  callDepot: `{
  "generatedBy": "dapr-functions",
  "scriptFile": "index.cjs",
  "bindings": [
    { "type": "httpTrigger", "direction": "in", "name": "req", "authLevel": "anonymous", "methods": [ "post" ], "route": "depots/{app}/{action}" },
    { "type": "http", "direction": "out", "name": "$return" },
    { "type": "daprInvoke", "direction": "out", "name": "call", "appId": "{app}", "methodName": "{action}" }
  ]
}
`,
  showParcel: `{
  "generatedBy": "dapr-functions",
  "scriptFile": "index.cjs",
  "bindings": [
    { "type": "httpTrigger", "direction": "in", "name": "req", "methods": [ "get" ], "route": "parcels/{id}" },
    { "type": "daprState", "direction": "in", "name": "parcel", "stateStore": "%ParcelStore%", "key": "{id}", "daprAddress": "%StateSidecar%" },
    { "type": "http", "direction": "out", "name": "$return" },
    { "type": "daprPublish", "direction": "out", "name": "views", "pubSubName": "%Bus%", "topic": "views" }
  ]
}
`,
  sweep: `{
  "generatedBy": "dapr-functions",
  "scriptFile": "index.cjs",
  "bindings": [
    { "type": "timerTrigger", "direction": "in", "name": "tick", "schedule": "0 30 5 * * *", "runOnStartup": false },
    { "type": "blob", "direction": "in", "name": "manifest", "path": "manifests/today.json", "connection": "DepotStorage" },
    { "type": "queue", "direction": "out", "name": "jobs", "queueName": "sweep-jobs", "connection": "DepotStorage" }
  ],
  "retry": { "strategy": "fixedDelay", "maxRetryCount": 4, "delayInterval": "00:00:15" }
}
`,
};
