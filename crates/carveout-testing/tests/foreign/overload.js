// Makes one call of greeter, which refuses it: overload.js ADDRESS SERVICE_CONFIG [TIMEOUT].
//
// SERVICE_CONFIG says when grpc-js is to try again. TIMEOUT goes out as the header grpc-timeout, and
// grpc-js knows nothing of it: it would end the call by itself, and here the server has to answer. Says
// what came of it, as one JSON object.
'use strict';

const http2 = require('http2');

// What grpc-js sends and gets, attempt by attempt: a caller sees none but the last.
const attempts = [];
const { connect } = http2;
http2.connect = (...to) => {
  const session = connect(...to);
  const { request } = session;
  session.request = (headers, ...more) => {
    const previous = headers['grpc-previous-rpc-attempts'];
    const attempt = { begun_ms: performance.now(), previous: previous?.toString() ?? null };
    attempts.push(attempt);
    const stream = request.call(session, headers, ...more);
    const look = (answer) => { attempt.pushback ??= answer['grpc-retry-pushback-ms']; };
    return stream.on('response', look).on('trailers', look);
  };
  return session;
};

const grpc = require('@grpc/grpc-js');
const { details } = require('./details.js');

const [address, serviceConfig, timeout] = process.argv.slice(2);
const METHOD = '/acme.greeter.v1.GreeterService/GetItem';

function failure(error) {
  return {
    reasons: details(error, 'ErrorInfo').map(({ reason, domain }) => [reason, domain]),
    retry_ms: details(error, 'RetryInfo')
      .map(({ retry_delay: { seconds = 0, nanos = 0 } }) => seconds * 1000 + nanos / 1e6),
    quotas: details(error, 'QuotaFailure').flatMap(({ violations }) => violations)
      .map(({ subject }) => subject),
    pushback: error.metadata.get('grpc-retry-pushback-ms'),
  };
}

const options = { 'grpc.service_config': serviceConfig };
const client = new grpc.Client(address, grpc.credentials.createInsecure(), options);
const bytes = (value) => value;
const metadata = new grpc.Metadata();
if (timeout) metadata.set('grpc-timeout', timeout);
const limit = timeout ? {} : { deadline: Date.now() + 20_000 };
client.makeUnaryRequest(METHOD, bytes, bytes, Buffer.alloc(0), metadata, limit, (error) => {
  const seen = { code: grpc.status[error?.code ?? 0], ...(error && failure(error)), attempts };
  console.log(JSON.stringify(seen));
  client.close();
});
