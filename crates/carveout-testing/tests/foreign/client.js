// Calls greeter as a Node program would: client.js PROTO_FOLDER ADDRESS calls|health. Says what it
// saw, one JSON array a line.
'use strict';

const grpc = require('@grpc/grpc-js');
const loader = require('@grpc/proto-loader');
const { details } = require('./details.js');

const [protoFolder, address, what] = process.argv.slice(2);
const SERVICE = 'acme.greeter.v1.GreeterService';
const saw = (step, seen) => console.log(JSON.stringify([step, seen]));
const soon = () => ({ deadline: Date.now() + 20_000 });

// The methods of a client as functions that answer promises.
function promised(client) {
  return (method, request) => new Promise((resolve, reject) => {
    client[method](request, soon(), (error, answer) => (error ? reject(error) : resolve(answer)));
  });
}

// Leaves a stream that would go on.
function leave(stream) {
  stream.on('error', () => {});
  stream.cancel();
}

async function failure(call) {
  try {
    await call;
  } catch (error) {
    return error;
  }
  throw new Error('the call succeeded');
}

const codeOf = (error) => grpc.status[error.code];

function plain({ id, title, create_time }) {
  return { id, title, dated: Math.abs(Number(create_time.seconds) - Date.now() / 1000) < 60 };
}

async function calls(client) {
  const call = promised(client);
  const create = async (request_id, title) => (await call('CreateItem', { request_id, title })).item;
  saw('created', plain(await create('r1', 'one')));
  saw('created again', plain(await create('r1', 'one')));
  saw('read', plain((await call('GetItem', { id: '1' })).item));

  const missing = await failure(call('GetItem', { id: '404' }));
  const seen = { code: codeOf(missing), message: missing.details };
  saw('missing', { ...seen, ...details(missing, 'ErrorInfo')[0] });

  const invalid = await failure(create('r0', ''));
  const fields = details(invalid, 'BadRequest')[0].field_violations.map(({ field }) => field);
  saw('invalid', { code: codeOf(invalid), fields });

  await create('r2', 'two');
  await create('r3', 'three');
  const pages = [];
  let page_token = '';
  do {
    const page = await call('ListItems', { page_size: 2, page_token });
    pages.push(page.items.map(({ title }) => title));
    page_token = page.next_page_token;
  } while (page_token !== '');
  saw('pages', pages);

  const watched = [];
  const watch = client.WatchItems({}, soon());
  for await (const { item } of watch) {
    watched.push(item.title);
    if (watched.length === 3) await create('r4', 'four');
    if (watched.length === 4) break;
  }
  leave(watch);
  saw('watched', watched);

  // The header alone: grpc-js would end the call by itself if it knew, and here the server has to.
  const short = new grpc.Metadata();
  short.set('grpc-timeout', '200m');
  const endless = async () => {
    for await (const _ of client.WatchItems({}, short));
  };
  saw('out of time', codeOf(await failure(endless())));

  const nothing = new Promise((resolve, reject) => {
    const bytes = (value) => value;
    client.makeUnaryRequest(`/${SERVICE}/NoSuchMethod`, bytes, bytes, Buffer.alloc(0), soon(),
      (error, answer) => (error ? reject(error) : resolve(answer)));
  });
  saw('no such method', codeOf(await failure(nothing)));
}

async function health(client) {
  const call = promised(client);
  saw('check of the server', (await call('Check', { service: '' })).status);
  saw('check of the service', (await call('Check', { service: SERVICE })).status);
  saw('check of another', codeOf(await failure(call('Check', { service: 'no.such.Service' }))));
  const all = Object.entries((await call('List', {})).statuses);
  saw('list', Object.fromEntries(all.map(([service, { status }]) => [service, status])));

  const other = client.Watch({ service: 'no.such.Service' }, soon());
  for await (const { status } of other) {
    saw('watch of another', status);
    break;
  }
  leave(other);
  const watch = client.Watch({ service: SERVICE }, soon());
  const watched = async () => {
    for await (const { status } of watch) saw('watch', status);
  };
  const end = await failure(watched());
  const { reason } = details(end, 'ErrorInfo')[0];
  saw('end of the watch', { code: codeOf(end), reason });
}

async function main() {
  const files = ['acme/greeter/v1/greeter.proto', 'grpc/health/v1/health.proto'];
  const options = { includeDirs: [protoFolder], keepCase: true, enums: String, defaults: true };
  const contracts = grpc.loadPackageDefinition(loader.loadSync(files, options));
  const greeter = contracts.acme.greeter.v1.GreeterService;
  const [Client, drive] = what === 'calls' ? [greeter, calls] : [contracts.grpc.health.v1.Health, health];
  const client = new Client(address, grpc.credentials.createInsecure());
  await drive(client);
  client.close();
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
