import { DaprServiceInvocationTrigger, DaprStateInput, HttpTrigger, type HttpRequest } from "dapr-functions";

interface Quote {
  readonly symbol: string;
  readonly price: number;
}

/** Two ways to one quote: for other applications through Dapr, and for anybody over HTTP. */
export class Quotes {
  @DaprServiceInvocationTrigger()
  @DaprStateInput({ name: "quote", stateStore: "quotes", key: "{symbol}" })
  retrieveQuote(_order: { symbol: string }, { quote }: { quote: Quote | undefined }): Quote | undefined {
    return quote;
  }

  @HttpTrigger({ methods: ["get"], route: "quotes/{symbol}" })
  @DaprStateInput({ name: "quote", stateStore: "quotes", key: "{symbol}" })
  showQuote(_request: HttpRequest, { quote }: { quote: Quote | undefined }) {
    return quote === undefined ? { status: 404 } : { jsonBody: quote };
  }
}
