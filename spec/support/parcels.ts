import {
  DaprBindingOutput,
  DaprBindingTrigger,
  DaprInvoke,
  DaprPublish,
  DaprSecret,
  DaprServiceInvocationTrigger,
  DaprStateInput,
  DaprStateOutput,
  DaprTopicTrigger,
  FunctionName,
  HttpTrigger,
  Input,
  Output,
  Retry,
  Trigger,
  type CloudEvent,
  type Collector,
  type HttpRequest,
  type HttpResponse,
  type StateCollector,
} from "dapr-functions";

export interface Parcel {
  id: string;
  weight: number;
}

export interface Scan {
  parcelId: string;
  depot: string;
}

/** One function per binding type, with what function.json must say of each. */
export class Parcels {
  @DaprServiceInvocationTrigger()
  @DaprBindingOutput({ name: "labels", bindingName: "%LabelPrinter%", operation: "create" })
  printLabel(parcel: Parcel, { labels }: { labels: Collector<Parcel> }): void {
    labels.add(parcel);
  }
  @FunctionName("Register-Parcels")
  @DaprServiceInvocationTrigger({ name: "batch", methodName: "parcels" })
  @DaprStateOutput({ name: "stored", stateStore: "%ParcelStore%" })
  register(batch: Parcel[], { stored }: { stored: StateCollector<Parcel> }): void {
    for (const p of batch) stored.add(p, { key: p.id });
  }
  @DaprServiceInvocationTrigger()
  @DaprStateInput({ name: "parcel", stateStore: "%ParcelStore%", key: "parcel-{id}" })
  findParcel(_: { id: string }, { parcel }: { parcel: Parcel | undefined }): Parcel | undefined {
    return parcel;
  }
  @DaprTopicTrigger({ pubSubName: "%Bus%", topic: "scans", route: "on-scan" })
  @DaprStateOutput({ name: "last", stateStore: "%ParcelStore%", key: "scan-{data.parcelId}" })
  keepScan(event: CloudEvent<Scan>, { last }: { last: Collector<Scan> }): void {
    last.add(event.data);
  }
  @DaprTopicTrigger({ name: "event", pubSubName: "%Bus%", topic: "arrivals" })
  @DaprPublish({ name: "notices", pubSubName: "%Bus%", topic: "notices-{data.depot}" })
  @DaprPublish({ name: "audit", pubSubName: "auditbus" })
  announce(event: CloudEvent<Scan>, { notices }: { notices: Collector<Scan>; audit: Collector<Scan> }): void {
    notices.add(event.data);
  }
  @DaprBindingTrigger({ name: "frame", dataType: "binary", bindingName: "depot-camera" })
  @DaprInvoke({ name: "vision", appId: "vision", methodName: "frames/read", httpVerb: "put" })
  readFrame(frame: Uint8Array, { vision }: { vision: Collector<{ size: number }> }): void {
    vision.add({ size: frame.length });
  }
  @DaprServiceInvocationTrigger()
  @DaprSecret({ name: "token", secretStoreName: "vault", key: "carrier", metadata: "metadata.version_id=2" })
  carrierReady(_: unknown, { token }: { token: Record<string, string> }): boolean {
    return "carrier" in token;
  }
  @HttpTrigger({ authLevel: "anonymous", methods: ["POST"], route: "depots/{app}/{action}" })
  @DaprInvoke({ name: "call", appId: "{app}", methodName: "{action}" })
  async callDepot(request: HttpRequest, { call }: { call: Collector<unknown> }): Promise<void> {
    call.add(await request.json());
  }
  @HttpTrigger({ methods: ["GET"], route: "parcels/{id}" })
  @DaprPublish({ name: "views", pubSubName: "%Bus%", topic: "views" })
  @DaprStateInput({ name: "parcel", stateStore: "%ParcelStore%", key: "{id}", daprAddress: "%StateSidecar%" })
  showParcel(
    { params }: HttpRequest,
    { parcel, views }: { parcel: Parcel | undefined; views: Collector<unknown> },
  ): HttpResponse {
    views.add(params);
    return { status: 200, jsonBody: parcel };
  }
  @Retry({ strategy: "fixedDelay", maxRetryCount: 4, delayInterval: "00:00:15" })
  @Trigger({ type: "timerTrigger", name: "tick", schedule: "0 30 5 * * *", runOnStartup: false })
  @Input({ type: "blob", name: "manifest", path: "manifests/today.json", connection: "DepotStorage" })
  @Output({ type: "queue", name: "jobs", queueName: "sweep-jobs", connection: "DepotStorage" })
  sweep(_: unknown, { manifest, jobs }: { manifest: unknown; jobs: Collector<unknown> }): void {
    jobs.add(manifest);
  }
}
