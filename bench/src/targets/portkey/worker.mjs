// Portkey as a Worker: the application that its package for Node serves, in workerd.
import { application } from "./node.mjs";
import { begun } from "./process.mjs";
import "portkey";

begun();

export default { fetch: (request, env, context) => application()(request, env, context) };
