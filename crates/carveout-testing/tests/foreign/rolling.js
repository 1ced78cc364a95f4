// Calls greeter as its users do while its instances restart: so many calls a second, whether or not
// the ones before were answered. For k6: TARGET, PROTO and SECONDS in the environment.
//
// Prints one JSON object at the end: how many calls of each kind went well, and how many did not. What
// went wrong is in the log.

import grpc from 'k6/net/grpc';
import { Counter, Trend } from 'k6/metrics';

const SERVICE = 'acme.greeter.v1.GreeterService';
const WATCHED_FOR = '2s';
// Every instance has so many items from its start.
const FEWEST_MESSAGES = 3;

function scenario(exec, rate) {
  return {
    executor: 'constant-arrival-rate',
    exec,
    rate,
    timeUnit: '1s',
    duration: `${__ENV.SECONDS}s`,
    preAllocatedVUs: 20,
    maxVUs: 100,
  };
}

export const options = {
  scenarios: {
    list: scenario('list', 270),
    create: scenario('create', 20),
    watch: scenario('watch', 7),
  },
  summaryTrendStats: ['max'],
};

const listed = new Counter('listed');
const created = new Counter('created');
const watched = new Counter('watched');
const failed = new Counter('failed');
// Of the calls that are not streams.
const answered = new Trend('answered', true);

const client = new grpc.Client();
client.load([__ENV.PROTO], 'acme/greeter/v1/greeter.proto');
let connected = false;

// One connection for each of k6's virtual users, as long as the load lasts.
function connect() {
  if (!connected) {
    client.connect(__ENV.TARGET, { plaintext: true });
    connected = true;
  }
}

function fails(method, what) {
  failed.add(1);
  console.error(`${new Date().toISOString()} ${method}: ${what}`);
}

function call(method, request, well) {
  connect();
  const asked = Date.now();
  const answer = client.invoke(`${SERVICE}/${method}`, request, { timeout: '5s' });
  answered.add(Date.now() - asked);
  if (answer.status === grpc.StatusOK) {
    well.add(1);
  } else {
    fails(method, JSON.stringify([answer.status, answer.error]));
  }
}

export function list() {
  call('ListItems', { page_size: 1 }, listed);
}

export function create() {
  const request = { request_id: `${__VU}-${__ITER}`, title: 'rolling' };
  call('CreateItem', request, created);
}

// A watch ends when its caller's time is over, and in no other way.
export function watch() {
  connect();
  const stream = new grpc.Stream(client, `${SERVICE}/WatchItems`, { timeout: WATCHED_FOR });
  let messages = 0;
  let status = grpc.StatusOK;
  let error = null;
  stream.on('data', () => {
    messages += 1;
  });
  stream.on('error', (why) => {
    status = why.code;
    error = why.message;
  });
  stream.on('end', () => {
    if (status === grpc.StatusDeadlineExceeded && messages >= FEWEST_MESSAGES) {
      watched.add(1);
    } else {
      fails('WatchItems', JSON.stringify([status, error, messages]));
    }
  });
  stream.write({});
  stream.end();
}

export function handleSummary({ metrics }) {
  const count = (name) => (metrics[name] ? metrics[name].values.count : 0);
  const summary = {
    listed: count('listed'),
    created: count('created'),
    watched: count('watched'),
    failed: count('failed'),
    dropped: count('dropped_iterations'),
    slowest_ms: metrics.answered ? metrics.answered.values.max : 0,
  };
  return { stdout: `${JSON.stringify(summary)}\n` };
}
