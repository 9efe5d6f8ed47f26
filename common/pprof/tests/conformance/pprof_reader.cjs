// Reads profiles with npm's pprof-format, an implementation of profile.proto that shares nothing
// with ours, checks the format's rules, and prints what it found as JSON. STUBS: [[from, to], ...],
// where in its file the executable has code that its linker made, which has no names.
// Usage: node pprof_reader.cjs MODULES_DIR STUBS PROFILE...   Called by conformance.py.
'use strict';
const fs = require('fs');
const path = require('path');
const zlib = require('zlib');

const {Profile} = require(path.join(process.argv[2], 'pprof-format'));

function byId(list, what, problems) {
  const map = new Map();
  for (const entry of list) {
    if (Number(entry.id) === 0 || map.has(Number(entry.id))) problems.push(`${what} id ${entry.id}`);
    map.set(Number(entry.id), entry);
  }
  return map;
}

function read(file, stubs) {
  const profile = Profile.decode(zlib.gunzipSync(fs.readFileSync(file)));
  const problems = [];
  const text = (index) => profile.stringTable.strings[Number(index)];
  if (text(0) !== '') problems.push('string 0 is not empty');
  const mappings = byId(profile.mapping, 'mapping', problems);
  const functions = byId(profile.function, 'function', problems);
  const locations = byId(profile.location, 'location', problems);
  const main = profile.mapping[0];
  if (!path.isAbsolute(text(main.filename))) problems.push('mapping 1 has no absolute file');
  if (!/^[0-9a-f]{16,}$/.test(text(main.buildId))) problems.push('mapping 1 has no hex build-id');
  if (!main.hasFilenames || !main.hasLineNumbers || !main.hasInlineFrames) {
    problems.push('mapping 1 lacks a has_ flag');
  }
  for (const mapping of profile.mapping) {  // with none, pprof looks for the file
    if (!mapping.hasFunctions) problems.push(`mapping ${text(mapping.filename)} has no functions`);
  }

  // A frame is the application's if it lies in the executable, and was compiled; it must have a
  // name, file and line.
  const names = new Set();
  for (const sample of profile.sample) {
    if (sample.value.length !== profile.sampleType.length) problems.push('number of values');
    for (const id of sample.locationId) {
      const location = locations.get(Number(id));
      if (location === undefined) { problems.push(`no location ${id}`); continue; }
      const mapping = mappings.get(Number(location.mappingId));
      if (Number(location.mappingId) !== 0 && mapping === undefined) problems.push('no mapping');
      const place = Number(location.address) - Number(main.memoryStart) + Number(main.fileOffset);
      const isApplication = mapping === main &&
          !stubs.some(([from, to]) => from <= place && place < to);
      const problem = (what) => problems.push(`${what} at 0x${place.toString(16)} of its file`);
      if (isApplication && location.line.length === 0) problem('no function');
      for (const line of location.line) {
        const fn = functions.get(Number(line.functionId));
        if (fn === undefined) { problems.push(`no function ${line.functionId}`); continue; }
        names.add(text(fn.name));
        const isStart = text(fn.name) === '_start';  // crt1.o: no debug information
        if (isApplication && !isStart && (!text(fn.filename) || Number(line.line) === 0)) {
          problem(`${text(fn.name)} has no file or line`);
        }
      }
    }
  }
  return {
    file, problems, samples: profile.sample.length,
    types: profile.sampleType.map((t) => `${text(t.type)}/${text(t.unit)}`),
    functions: [...names],
    labels: [...new Set(profile.sample.flatMap((s) => s.label.map((l) => text(l.key))))],
  };
}

const stubs = JSON.parse(process.argv[3]);
console.log(JSON.stringify(process.argv.slice(4).map((file) => read(file, stubs))));
