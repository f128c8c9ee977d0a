// The floor under a Worker: takes a request in, asks the provider, and gives its answer on as it comes.
export default {
  async fetch(request, env) {
    const { pathname, search } = new URL(request.url);
    const headers = { "content-type": "application/json", authorization: "Bearer sk-of-the-bench" };
    const body = await request.arrayBuffer();
    return fetch(env.PROVIDER + pathname + search, { method: request.method, headers, body });
  },
};
