import { serve } from "dapr-functions";
import { OrderFunctions } from "./functions.js";

const app = await serve([OrderFunctions]);
console.log(`orders at ${app.url}`);
