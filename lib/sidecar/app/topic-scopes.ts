import { property, type Properties } from "../components/components.js";

/** Which topics of a pubsub component an app may publish and subscribe to. */
export interface TopicScopes {
  mayPublish(topic: string): boolean;
  maySubscribe(topic: string): boolean;
}

/** @see https://docs.dapr.io/developing-applications/building-blocks/pubsub/pubsub-scopes/ */
export function readTopicScopes(properties: Properties, appId: string): TopicScopes {
  const allowed = topicList(property(properties, "allowedTopics"));
  const isProtected = topicList(property(properties, "protectedTopics"));
  const publishing = scopedTopics(property(properties, "publishingScopes"), appId);
  const subscription = scopedTopics(property(properties, "subscriptionScopes"), appId);
  const mayUse = (topic: string, scoped: readonly string[]) => {
    if (allowed.length > 0 && !allowed.includes(topic)) return false;
    return (!isProtected.includes(topic) && scoped.length === 0) || scoped.includes(topic);
  };
  return {
    mayPublish: (topic) => mayUse(topic, publishing),
    maySubscribe: (topic) => mayUse(topic, subscription),
  };
}

export function topicList(text: string | undefined): readonly string[] {
  return text ? text.replaceAll(" ", "").split(",") : [];
}

/** `app1=topic1,topic2;app2=topic3` → the topics of one app. */
function scopedTopics(text: string | undefined, appId: string): readonly string[] {
  const apps = (text ?? "").replaceAll(" ", "").split(";");
  return apps.flatMap((app) => {
    const [id, topics] = app.split("=");
    return id === appId && topics !== undefined ? topics.split(",") : [];
  });
}
