// What the gateway asks of Workers. JavaScript moves the bytes and keeps the time, the gateway decides.
//
// The border between the two is what a Worker's time goes into. So a head crosses it as one text, a name or a value a
// line, and a body whose length is known in one piece. Neither side holds objects of the other: both speak of tasks and
// calls by number.
import * as gateway from "./build/index_bg.js";

/** The longest answer that is taken in at once, in bytes. */
const SHORT = 1 << 18;

/** How much is read at a time of a longer one, or of one that comes as a stream, in bytes. */
const PIECE = 1 << 14;

const NOTHING = new Uint8Array(0);

/** The task that the gateway works on: it asks for something only while it is called. */
let current;

/** The gateway's stack pointer, and what it is while nothing runs. */
let stack, bottom;

/** Takes the gateway's stack pointer; the shim calls it once. */
export function guard(pointer) {
  [stack, bottom] = [pointer, pointer.value];
}

/** Answers a client's request. */
export function answer(request, env, context) {
  const { promise, resolve, reject } = Promise.withResolvers();
  const head = `${request.method}\n${request.url}\n${lines(request.headers)}`;
  const apologize = () => new Task(env, context, resolve, reject).start(() => gateway.apologize(head, Date.now()));
  const task = new Task(env, context, resolve, apologize);
  request.signal.addEventListener("abort", () => task.leave());
  takeIn(request, task.call(gateway.limit)).then(
    (body) => task.start(() => gateway.begin(head, new Uint8Array(body), Date.now())),
    (error) => task.start(() => gateway.refuse(head, error instanceof TooLarge, Date.now())),
  );
  return promise;
}

/** Work under way: a client's request until the last byte of its answer, or a report. */
class Task {
  number = 0;
  calls = new Map();
  alarm = undefined;
  rings = Infinity;
  writer = undefined;
  isWriting = false;
  isOver = false;

  constructor(env, context, settle, fail) {
    this.env = env;
    this.context = context;
    this.settle = settle;
    this.fail = fail;
  }

  /**
   * Calls the gateway on behalf of this task. A defect costs no other one: what it leaves on the stack is given up, or the
   * stack would be full after some of them, and nothing would work any more.
   */
  call(work) {
    current = this;
    try {
      return work();
    } catch (error) {
      stack.value = bottom;
      console.error(error);
      if (!this.isOver) this.breakOff(error);
    }
  }

  start(begin) {
    if (this.isOver) return;
    this.number = this.call(begin);
    this.goOn();
  }

  /** Tells the gateway something, unless it does not want to know any more. */
  tell(news) {
    if (this.isOver) return;
    this.call(news);
    this.goOn();
  }

  /** Lets the gateway work until it has to wait. While the client takes no more, neither does the gateway. */
  goOn() {
    if (this.isOver || this.isWriting) return;
    const rings = this.call(() => gateway.poll(this.number, Date.now()));
    if (!this.isOver) this.wakeAt(rings);
  }

  /** An alarm that rings too early stays, for a later one is seldom reached; it is set anew when it rings. */
  wakeAt(rings) {
    if (rings >= this.rings) return;
    clearTimeout(this.alarm);
    this.rings = rings;
    this.alarm = setTimeout(() => this.wake(), Math.max(rings - Date.now(), 0));
  }

  wake() {
    this.rings = Infinity;
    this.goOn();
  }

  /** The client left. */
  leave() {
    if (this.isOver) return;
    this.close();
    this.call(() => gateway.leave(this.number, Date.now()));
  }

  /** The gateway has a defect, or the provider broke off what has no words to say so. */
  breakOff(error) {
    this.close();
    for (const call of this.calls.values()) call.controller.abort();
    if (this.writer === undefined) this.fail(error);
    else this.writer.abort(error).catch(() => {});
  }

  close() {
    this.isOver = true;
    clearTimeout(this.alarm);
  }
}

/** A request to a provider or the backend. */
class Call {
  controller = new AbortController();
  response = undefined;
  reader = undefined;
  buffer = undefined;

  /** The next piece of the answer's body, and whether it is the last. */
  read() {
    // To look at a body makes a stream of it.
    if (this.reader !== undefined || !isShort(this.response.headers)) return this.readPiece();
    return this.response.arrayBuffer().then((whole) => ({ value: new Uint8Array(whole), done: true }));
  }

  async readPiece() {
    if (this.reader === undefined) {
      if (this.response.body === null) return { value: NOTHING, done: true };
      this.reader = this.response.body.getReader({ mode: "byob" });
      this.buffer = new ArrayBuffer(PIECE);
    }
    const { value = NOTHING, done } = await this.reader.read(new Uint8Array(this.buffer));
    this.buffer = value.buffer;
    return { value, done };
  }
}

// What follows is called by the gateway.

/** The value of a secret. */
export function secret(name) {
  const value = current.env[name];
  return typeof value === "string" ? value : undefined;
}

/** Sends a request. Its answer's head is told to the gateway, or why there is none. */
export function send(number, head, body) {
  const [task, call] = [current, new Call()];
  task.calls.set(number, call);
  const [method, url, ...rest] = head.split("\n");
  const init = { method, headers: headersOf(rest), redirect: "manual", signal: call.controller.signal };
  if (body.length > 0) init.body = body.slice();
  fetch(url, init).then(
    (response) => {
      call.response = response;
      task.tell(() => gateway.head(number, response.status, lines(response.headers)));
    },
    (error) => task.tell(() => gateway.unreachable(number, String(error), error instanceof TypeError)),
  );
}

/** Reads on in an answer's body. */
export function read(number) {
  const task = current;
  task.calls.get(number).read().then(
    ({ value, done }) => task.tell(() => gateway.piece(number, value, done)),
    (error) => task.tell(() => gateway.broken(number, String(error))),
  );
}

/** Lets a provider go. */
export function cancel(number) {
  current.calls.get(number)?.controller.abort();
  current.calls.delete(number);
}

/** Answers the client. */
export function respond(status, head, body) {
  // Some statuses allow no body, not even an empty one.
  const bytes = body.length > 0 ? body.slice() : null;
  current.settle(new Response(bytes, { status, headers: headersOf(head.split("\n")) }));
  current.close();
}

/** Begins an answer that is given piece by piece. */
export function open(status, head) {
  const headers = headersOf(head.split("\n"));
  // A length is told by the stream that keeps to it.
  const length = headers["content-length"];
  const { readable, writable } = length === undefined ? new IdentityTransformStream() : new FixedLengthStream(Number(length));
  current.writer = writable.getWriter();
  current.settle(new Response(readable, { status, headers }));
}

/** Gives the client the next piece. */
export function give(piece) {
  const task = current;
  const written = () => {
    task.isWriting = false;
    task.goOn();
  };
  task.isWriting = true;
  task.writer.write(piece.slice()).then(written, () => task.leave());
}

/** The task is done, and what was begun is whole. */
export function end() {
  const task = current;
  task.close();
  task.writer?.close().catch(() => {});
  task.settle();
}

/** The task is done, but what was begun is not whole: the client's connection breaks. */
export function breakOff(why) {
  current.breakOff(new Error(why));
}

/** Works on a report behind the answer. */
export function report(number) {
  const { env, context } = current;
  const done = new Promise((settle) => {
    const task = new Task(env, context, settle, settle);
    queueMicrotask(() => task.start(() => number));
  });
  context.waitUntil(done);
}

class TooLarge extends Error {}

/** A request's body. */
function takeIn(request, limit) {
  // To look at a body makes a stream of it.
  const length = request.headers.get("content-length");
  return length !== null && Number(length) <= limit ? request.arrayBuffer() : takeInPieces(request.body, limit);
}

/** A body of unknown length, or one that is too long. */
async function takeInPieces(body, limit) {
  if (body === null) return NOTHING;
  const pieces = [];
  let size = 0;
  // All of it is read: a connection with an unread body is closed, and `wrangler dev` fails the next request on it.
  for await (const piece of body) {
    size += piece.length;
    if (size <= limit) pieces.push(piece);
  }
  if (size > limit) throw new TooLarge();
  return new Blob(pieces).arrayBuffer();
}

/** Whether an answer is taken in at once. What is packed may be long nevertheless. */
function isShort(headers) {
  const length = headers.get("content-length");
  return length !== null && Number(length) <= SHORT && !headers.has("content-encoding");
}

function lines(headers) {
  let text = "";
  // To take a pair apart as one is dearer.
  for (const pair of headers) text += `${pair[0]}\n${pair[1]}\n`;
  return text;
}

/** The headers that these lines are; a record is what Workers take fastest. */
function headersOf(lines) {
  const headers = Object.create(null);
  for (let at = 0; at + 1 < lines.length; at += 2) {
    const [name, value] = [lines[at], lines[at + 1]];
    headers[name] = name in headers ? `${headers[name]}, ${value}` : value;
  }
  return headers;
}
