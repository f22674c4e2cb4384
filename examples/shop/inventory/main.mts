import { serve } from "dapr-functions";
import { InventoryFunctions } from "./functions.js";

const app = await serve([InventoryFunctions]);
console.log(`inventory at ${app.url}`);
