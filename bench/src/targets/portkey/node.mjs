// Stands for the modules of Node that Portkey's package imports and a Worker has no use for: its server, sockets, Redis, files.
let served;

export const serve = ({ fetch }) => {
  served = fetch;
};

export const createNodeWebSocket = () => ({
  injectWebSocket() {},
  upgradeWebSocket: () => (_, next) => next(),
});

export class Agent {}

export default class Absent {}

export const application = () => served;
