// What an error is about: google.rpc.Status, and the details in it that are looked at here.
'use strict';

const protobuf = require('protobufjs');

// What google/rpc/status.proto and error_details.proto say of their fields.
const types = protobuf.parse(`
  syntax = "proto3";
  message Any { string type_url = 1; bytes value = 2; }
  message Status { int32 code = 1; string message = 2; repeated Any details = 3; }
  message ErrorInfo { string reason = 1; string domain = 2; map<string, string> metadata = 3; }
  message Duration { int64 seconds = 1; int32 nanos = 2; }
  message RetryInfo { Duration retry_delay = 1; }
  message QuotaFailure {
    message Violation { string subject = 1; }
    repeated Violation violations = 1;
  }
  message BadRequest {
    message FieldViolation { string field = 1; }
    repeated FieldViolation field_violations = 1;
  }`, { keepCase: true }).root;

// All details of one kind, ErrorInfo say.
function details(error, kind) {
  const [packed] = error.metadata.get('grpc-status-details-bin');
  const type = types.lookupType(kind);
  return types.lookupType('Status').decode(packed).details
    .filter(({ type_url }) => type_url === `type.googleapis.com/google.rpc.${kind}`)
    .map(({ value }) => type.toObject(type.decode(value), { longs: Number }));
}

module.exports = { details };
