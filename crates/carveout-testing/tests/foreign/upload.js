// Begins an upload and stops within it: upload.js ADDRESS destroy|exit.
// Goes on once there is a line to read. (`close()` and gRPC's `cancel()` are not here: Node sends
// END_STREAM before it resets the stream.)
'use strict';

const http2 = require('node:http2');

const [address, how] = process.argv.slice(2);
const PATH = '/acme.upload.v1.UploadService/Upload';
// An id of four letters.
const MESSAGE = Buffer.from('\n\x04half');
const framed = Buffer.concat([Buffer.from([0, 0, 0, 0, MESSAGE.length]), MESSAGE]);

const session = http2.connect(`http://${address}`);
const request = session.request({
  ':method': 'POST', ':path': PATH, 'content-type': 'application/grpc', te: 'trailers',
}, { endStream: false });
request.on('error', () => {});
session.on('error', () => {});
request.write(framed);
process.stdin.once('data', () => {
  if (how === 'destroy') session.destroy();
  else process.exit(0);
});
