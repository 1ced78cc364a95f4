// Reads a profile as pprof's readers do: profile.js FILE. Says its types, and what each function and
// those that it calls come to, the largest first.

const fs = require("fs");
const zlib = require("zlib");
const { Profile } = require("pprof-format");

const profile = Profile.decode(zlib.gunzipSync(fs.readFileSync(process.argv[2])));
const text = (place) => profile.stringTable.strings[Number(place)];
const names = new Map(profile.function.map((it) => [Number(it.id), text(it.name)]));
const lines = (location) => location.line.map((line) => names.get(Number(line.functionId)));
const places = new Map(profile.location.map((it) => [Number(it.id), lines(it)]));

const sums = new Map();
for (const sample of profile.sample) {
  const value = Number(sample.value[sample.value.length - 1]);
  for (const name of new Set(sample.locationId.flatMap((id) => places.get(Number(id))))) {
    sums.set(name, (sums.get(name) ?? 0) + value);
  }
}
const types = profile.sampleType.map((it) => `${text(it.type)}/${text(it.unit)}`);
const functions = [...sums].filter(([name]) => name).sort((one, other) => other[1] - one[1]);
console.log(JSON.stringify({ types, functions }));
