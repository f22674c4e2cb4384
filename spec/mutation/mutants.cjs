"use strict";
/*
 * Changes to lib/ that a spec has to notice, by file: the specs that are asked, and what is put in place of what. The text
 * that is replaced stands once in its file. `npm run mutate` makes each change in a copy of the tree.
 *
 * `except` leaves out the specs whose names begin so: those about time, which a busy machine may fail.
 * When you fix something that no spec noticed, add the change that brings it back.
 */

/** @type {Readonly<Record<string, { readonly specs: readonly string[], readonly except?: string, readonly changes: readonly (readonly [string, string])[] }>>} */
module.exports = {
  "invocation/invoke": {
    specs: [
      "invocation/invoke",
      "invocation/flush",
      "server/topic-endpoint",
      "serve/time-limit",
      "sidecar-host/entries",
    ],
    changes: [
      // Nothing is closed after a rejection, or after a return.
      ["      parts.close();\n      throw thrown;", "      throw thrown;"],
      ["  parts.close();\n  refuseLate(invocation.expiry);", "  refuseLate(invocation.expiry);"],
      ["    expiry.when(() => parts.close());\n", ""],
      ['  if (answer === "RETRY") return reply;\n', ""],
      ["return watch?.read?.(input.binding, read) ?? read();", "return read();"],
      ["fn.isParallel ? flushSideBySide : flushInOrder", "flushInOrder"],
      ['if (result.status === "rejected") throw result.reason as Error;', ""],
    ],
  },
  "invocation/flush": {
    specs: ["invocation/invoke", "invocation/flush", "sidecar-host/entries"],
    changes: [
      ["if (messages.length === 0) return;", ""],
      ["invocation.watch?.flush?.(binding, messages, write) ?? write()", "write()"],
      ["return error instanceof WriteError ? error.sent : 0;", "return 0;"],
      ["throw flushError(fn, collectors, first.index, first.error, sent, entries, others);", "throw first.error;"],
      ["if (entries !== undefined) await entries.write();\n  for (", "void entries?.write();\n  for ("],
      ["if (entries !== undefined) await entries.write();\n  const sending", "void entries?.write();\n  const sending"],
      ["error.failed + 1", "error.failed"],
      ["if (isDecisive(cause)) return decisiveError(cause.code, message, { sent, cause });", ""],
      ["isDaprFunctionsError(cause) ? cause.code :", ""],
    ],
  },
  "invocation/gate": {
    specs: ["server/http-server", "serve/lifetime", "invocation/gate"],
    changes: [
      // Frees a place and wakes who waits for it, or neither.
      [
        "    this.#waiting.delete(next);\n    next();",
        "    this.#free++;\n    this.#waiting.delete(next);\n    next();",
      ],
      ["      this.#free--;\n", ""],
      ["    if (next === undefined) {\n      this.#free++;", "    if (next === undefined) {"],
      ["this.#waiting.size >= this.maxQueue", "this.#waiting.size > this.maxQueue"],
      ["if (!this.#waiting.delete(turn)) return;", "return;"],
      ["        stop?.();\n        reject(reason);", "        reject(reason);"],
      ["maxQueue = 10 * limit", "maxQueue = 9 * limit"],
    ],
  },
  "invocation/key-queue": {
    specs: ["invocation/key-queue"],
    changes: [
      ["[...new Set(keys)].sort()", "[...new Set(keys)]"],
      ["waiting.length >= this.most", "waiting.length > this.most"],
      ["      this.#releaseOf(keys, mine)();\n", ""],
      ["if (this.#held.get(key) !== holding) return;", ""],
      ["    this.#held.set(key, holding);\n", ""],
      ["        this.#limit(key, held);\n", ""],
    ],
  },
  "invocation/entries": {
    specs: ["sidecar-host/entries"],
    changes: [
      ["if (changes.length > 0) {", "{"],
      ["if (change === undefined) return;", ""],
    ],
  },
  "invocation/around": {
    specs: ["invocation/invoke"],
    changes: [
      ["    if (isCalled) {", "    if (false) {"],
      [
        "{ functionName: definition.name, payload, context }",
        "{ functionName: definition.name, payload: undefined, context }",
      ],
    ],
  },
  "invocation/observers": {
    specs: ["invocation/invoke", "invocation/observers"],
    changes: [
      ["reduceRight", "reduce"],
      ["if (headers !== undefined) return headers;", "return headers;"],
    ],
  },
  "invocation/reply": {
    specs: ["invocation/reply"],
    changes: [
      ["status >= 200 && status <= 599", "status >= 100 && status <= 999"],
      ["status >= 200 && status <= 599", "status > 200 && status <= 599"],
      ["status >= 200 && status <= 599", "status >= 200 && status < 599"],
      ["if (statusOf(status, place) >= 300)", "if (statusOf(status, place) >= 400)"],
      ["throw failed(place, `the function returned an Error: ${returned.message}`, returned);", 'return "SUCCESS";'],
      ["jsonBody === undefined", "jsonBody == null"],
      ["if (unknown !== undefined) throw unknownMember(unknown, place);", ""],
      ["if (reply.status === 200) return reply;", "return reply;"],
      ['new Set(["connection", "content-length", ', 'new Set(["connection", '],
      ["Array.isArray(value) ? (value as unknown[]) : [value]", "[value]"],
      ["[...given, ...setCookies]", "given"],
      ["types.isUint8Array(value) || types.isAnyArrayBuffer(value)", "types.isUint8Array(value)"],
      ["status === 204 || status === 205", "status === 205"],
      ["if (!hasWarned) {", "{"],
      [
        'typeof status === "string" ? status.toUpperCase() : undefined',
        'typeof status === "string" ? status : undefined',
      ],
    ],
  },
  "invocation/failures": {
    specs: ["invocation/failures"],
    changes: [
      ['if (memberOf(thrown, "name") !== "PayloadError")', 'if (memberOf(thrown, "code") !== "ERR_PAYLOAD_INVALID")'],
      ['isOfThisLibrary(thrown) ? memberOf(thrown, "code") : undefined', 'memberOf(thrown, "code")'],
      ["message: isSecret ? undefined : message", "message"],
      ['isDropped ? "DROP" : "RETRY"', '"RETRY"'],
      ["decisive.add(error);", ""],
    ],
  },
  "invocation/trace-headers": {
    specs: ["invocation/trace-headers", "server/topic-endpoint"],
    changes: [
      ["isBaggage(ownBaggage) ? ownBaggage : attributes.baggage", "ownBaggage"],
      ['isTraceParent(traceparent) ? { traceparent, tracestate: header("tracestate") } : attributes', "attributes"],
      ["members.length <= 64", "members.length <= 65"],
      ["members.length <= 32", "members.length <= 33"],
      ["return /[^0]/.test(match[2]!) && /[^0]/.test(match[3]!);", "return /[^0]/.test(match[3]!);"],
      ["room -= parent.tracestate.length;", ""],
    ],
  },
  "invocation/topic-events": {
    specs: ["server/topic-endpoint"],
    changes: [
      ["!isRaw && isName(event.id)", "isName(event.id)"],
      ["text.length % 4 !== 0 || ", ""],
      ['if (typeof value === "string") own.set(name.toLowerCase(), value);', ""],
      ["(traceNames.map((name) => [name, undefined]))", "()"],
      ['if (!("specversion" in message)) {', "if (false) {"],
    ],
  },
  "invocation/read-payload": {
    specs: ["invocation/read-payload", "invocation/requests", "server/trigger-cases"],
    changes: [
      ["if (!isUtf8(body)) return toBytes(body);", ""],
      ['body.toString("utf8", 3)', 'body.toString("utf8")'],
      ['type.endsWith("+json")', "false"],
      ["new TextDecoder(ordered(charset, body), { fatal: true })", "new TextDecoder(ordered(charset, body))"],
    ],
  },
  "invocation/requests": {
    specs: ["invocation/requests"],
    changes: [
      ["controller.enqueue(new Uint8Array(content));", "controller.enqueue(content);"],
      ["return new Uint8Array(await this.#bytes()).buffer;", "return (await this.#bytes()).buffer as ArrayBuffer;"],
      ["rest.delete(tokenHeader);", ""],
      ["    this.#parsed = undefined;\n    return", "    return"],
    ],
  },
  "sidecar-host/state": {
    specs: ["sidecar-host/sidecar-host", "sidecar-host/state-options", "sidecar-host/wire-cases"],
    changes: [
      ["      open.delete(stateStore);\n", ""],
      ["current === undefined || current.keys.add(key).size === current.entries.length", "current === undefined"],
      ["value === undefined && binding.required === true", "binding.required === true"],
      ["if (open.stateStore !== stateStore) {", "if (false) {"],
      ["sent += request.positions.length;", "sent += 1;"],
      ['entries.length > 1 ? "other entries of the request may be stored" : undefined', "undefined"],
      ['if (holdsDivider(key)) throw badItemOption(place, "key", binding.key, item, dividerProblem);', ""],
      ['options?.concurrency === "first-write"', "false"],
    ],
  },
  "sidecar-host/pubsub": {
    specs: ["sidecar-host/sidecar-host", "sidecar-host/wire-cases"],
    changes: [
      [
        "if (next.alone || next.pubSubName !== pubSubName || next.topic !== topic) break;",
        "if (next.alone || next.pubSubName !== pubSubName) break;",
      ],
      ['id === undefined ? given : { ...given, "cloudevent.id": id }', "given"],
      ["${names},${index}]`", "${names}]`"],
      ["first + Number(entryId)", "Number(entryId)"],
      ["new WriteError(first + accepted, first + accepted, error)", "new WriteError(first, first, error)"],
      ["if (isOwnEvent && !isRaw) checkOwnEvent(payload.content, where);", ""],
    ],
  },
  "sidecar-host/values": {
    specs: ["sidecar-host/sidecar-host", "sidecar-host/wire-cases", "sidecar-host/quoted-values"],
    changes: [
      ["refuseHalfPairs(text.text, where, property);", ""],
      ['contentType ?? "application/octet-stream"', '"application/json"'],
      ["throw new WriteError(index, index, asError(error));", "throw new WriteError(0, index, asError(error));"],
    ],
  },
  "sidecar-host/options": {
    specs: ["sidecar-host/sidecar-host", "sidecar-host/wire-cases", "invocation/invoke"],
    changes: [
      ["signal: invocation.signal,", ""],
      ["const value = own ?? option(invocation);", "const value = option(invocation);"],
    ],
  },
  "client/http/under-way": {
    specs: ["client/http/under-way"],
    changes: [
      ["      last.position = request.position;\n", ""],
      ["if (request.position === -1) return false;\n    const last", "const last"],
      ["    request.position = -1;\n", ""],
      [
        "if (request.ends < this.#next) this.#wakeAt(request.ends);",
        "if (this.#next === Infinity) this.#wakeAt(request.ends);",
      ],
      ["if (request.signal === signal) request.stop", "request.stop"],
    ],
  },
  "client/http/transport": {
    specs: ["client/http/http-dapr-client"],
    except: "time ",
    changes: [
      ["status >= 200 && status < 300", "status >= 200 && status < 400"],
      ["wait >= timeout || !mayBeRepeated(error)", "wait >= timeout"],
      ["refusedRetries[this.#refusals++] ?? Infinity", "refusedRetries[0]!"],
      ["header.toLowerCase() === name", "header === name"],
      ["await Promise.all(open.map((pool) => (isIdle ? pool.destroy() : pool.close())));", ""],
    ],
  },
  "client/http/exchange": {
    specs: ["client/http/http-dapr-client"],
    except: "time ",
    changes: [
      ["if (status > 299) this.#room = longestError;", ""],
      ["this.#room = keepBody ? Infinity : 0;", "this.#room = Infinity;"],
      ["this.#abort?.(error);", ""],
    ],
  },
  "client/http/http-dapr-client": {
    specs: ["client/http/http-dapr-client"],
    except: "time ",
    changes: [
      ["this.#withoutBulk.add(request.daprAddress);", ""],
      ['pubSubName !== "bulk" && ', ""],
      ["withAccepted(error, index)", "withAccepted(error, 0)"],
      ["status === 204 || body.length === 0", "status === 204"],
      ['[...this.#headers, "if-match", request.etag]', "this.#headers"],
    ],
  },
  "client/http/sidecar-failure": {
    specs: ["client/http/http-dapr-client"],
    except: "time ",
    changes: [
      ["status >= 300 && status < 400", "false"],
      ["Math.max(0, entries - failedEntries.length)", "entries"],
      ["answer.status === 404", "false"],
      [".slice(0, longest),\n    details", ",\n    details"],
    ],
  },
  "client/http/json-text": {
    specs: ["client/http/http-dapr-client", "sidecar-host/wire-cases"],
    except: "time ",
    changes: [
      ['(typeof content === "string" && isBinary(contentType))', "false"],
      ['if (entry.etag !== undefined) text += `,"etag":${JSON.stringify(entry.etag)}`;', ""],
    ],
  },
  "collectors/buffered-collector": {
    specs: ["collectors/buffered-collector"],
    changes: [
      ["    this.#closed = true;\n", ""],
      ["const names = [...shown].filter((name) => !known.has(name));", "const names = [...shown];"],
      [
        "const messages = items.map((item, i) => this.#toMessage(item, first + i));\n    messages.forEach((message, i) => this.#keep(message, items[i]!));",
        "items.forEach((item, i) => this.#keep(this.#toMessage(item, first + i), item));",
      ],
      ['required === "always" || ', ""],
      ["{ ...item, value: result.value }", "item"],
      ["this.#toMessage(item, first + i)", "this.#toMessage(item, i)"],
      ['if (this.#type !== "daprState") throw', "if (false) throw"],
    ],
  },
  "collectors/message": {
    specs: ["collectors/buffered-collector", "collectors/request-body", "sidecar-host/wire-cases"],
    changes: [
      ["all.get(property) ?? all.get(property.toLowerCase())", "all.get(property)"],
      ['if (value === "") return rule.missing', "if (false) return rule.missing"],
      ["if (!allowed.includes(entry)) return", "if (false) return"],
      ["rule.inRemove === true", "true"],
    ],
  },
  "collectors/request-body": {
    specs: ["collectors/request-body"],
    changes: [
      ["if (property.toLowerCase() === valueName) {", "if (property === valueName) {"],
      ["if (token === closeBrace || token === closeBracket) depth--;", "if (token === closeBrace) depth--;"],
      ["nullInRequestBody === true ? null : undefined", "undefined"],
      ['new TextDecoder("utf-8", { fatal: true })', 'new TextDecoder("utf-8")'],
    ],
  },
  "server/app-handler": {
    specs: ["server/http-server", "serve/serve", "serve/create-handler"],
    changes: [
      ["if (this.#isClosing) response.shouldKeepAlive = false;", ""],
      [
        "timingSafeEqual(token, sameLength ? given : token) && sameLength",
        "timingSafeEqual(token, sameLength ? given : token)",
      ],
      ["if (!isPublic && !isAdmitted) {", "if (false) {"],
      ["    this.#hasClosed = true;\n", ""],
      ["      giveUp();\n", ""],
    ],
  },
  "server/http-server": {
    specs: ["serve/serve"],
    changes: [
      ["const keepAliveTimeout = 120_000;", "const keepAliveTimeout = 5_000;"],
      ["for (const socket of this.#sockets) socket.destroySoon();", ""],
    ],
  },
  "server/in-flight": {
    specs: ["serve/serve"],
    changes: [["this.#until(() => this.#earlier === 0)", "Promise.resolve()"]],
  },
  "server/node-body": {
    specs: ["server/http-server", "serve/create-handler", "serve/serve"],
    changes: [
      ['if (length > limit) finish("too-large");', 'if (length > limit + 1) finish("too-large");'],
      ["Number(declared) > limit", "Number(declared) >= limit"],
      ['request.on("close", () => finish("aborted"));', ""],
    ],
  },
  "server/route-table": {
    specs: ["server/route-table", "server/routes"],
    changes: [
      ["values.pop();", ""],
      ['branch.ones.length > 0 && part !== ""', "branch.ones.length > 0"],
      ["choice.admits(value) ? walk", "true ? walk"],
      ["branch.ends.has(method) && admits(value)", "branch.ends.has(method)"],
      ['choices.sort((one, other) => Number(one.key === "") - Number(other.key === ""));', ""],
      ["if (!admits(segment, undefined)) mayEnd.length = 0;", ""],
      ["if (byText !== undefined) return byText;", ""],
      ['parts.slice(index).map(decodedPart).join("/")', 'parts.slice(index).join("/")'],
    ],
  },
  "server/topic-endpoint": {
    specs: ["server/topic-endpoint"],
    changes: [
      ["if (hasStableId) invocation.event", "invocation.event"],
      ["Math.min(this.#concurrency, entries.length)", "entries.length"],
      ["invocation.attributes = event;", ""],
      ['typeof answer === "string" ? answer : "RETRY"', '"SUCCESS"'],
    ],
  },
  "server/write-reply": {
    specs: ["server/write-reply"],
    changes: [
      ["!isStream(body) && status !== 204 && status !== 304", "!isStream(body)"],
      ["Buffer.byteLength(body)", "(body as string).length"],
    ],
  },
  "serve/sidecar-check": {
    specs: ["serve/sidecar-check"],
    changes: [["missingTopics(options.definitions, metadata).length > 0", "false"]],
  },
  "serve/stray-errors": {
    specs: ["serve/process"],
    changes: [['    if (!isDecidedBy(onRejection, process.listeners("unhandledRejection"))) return;\n', ""]],
  },
  "testing/fake-host": {
    specs: ["testing/invoke"],
    changes: [
      [
        "{ ...targetOf(invocation.bindingData), ...item.overrides }",
        "{ ...item.overrides, ...targetOf(invocation.bindingData) }",
      ],
    ],
  },
};
