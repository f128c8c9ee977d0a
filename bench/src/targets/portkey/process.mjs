// The process that Portkey's package finds. A Worker has no timers before its first request, and the package waits for
// one to show that it starts.
let beginning = true;

export const begun = () => {
  beginning = false;
};

export const process = {
  argv: ["node", "portkey", "--headless"],
  env: { NODE_ENV: "production", TRUSTED_CUSTOM_HOSTS: "127.0.0.1,localhost" },
  nextTick: queueMicrotask,
  on() {},
  stdout: { write() {} },
};

export const setTimeout = (call, ...rest) =>
  beginning ? queueMicrotask(call) : globalThis.setTimeout(call, ...rest);

export const setInterval = (...all) => (beginning ? undefined : globalThis.setInterval(...all));

export const clearInterval = (timer) => timer && globalThis.clearInterval(timer);
