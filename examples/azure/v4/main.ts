import { register } from "dapr-functions/azure";
import {
  KafkaFunctions,
  OrderFunctions,
  ServiceFunctions,
  StateFunctions,
  TopicFunctions,
} from "../../orders/functions.js";

register([OrderFunctions, StateFunctions, KafkaFunctions, TopicFunctions, ServiceFunctions]);
