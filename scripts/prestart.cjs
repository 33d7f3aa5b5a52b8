'use strict';
// Runs before `npm start` and `npm test`, on whatever Node is there, before anything was installed: so no dependency,
// and nothing newer than ES5 (eslint.config.js parses it as such).
//
//   node scripts/prestart.cjs         what `npm start` needs
//   node scripts/prestart.cjs --dev   what `npm test` needs
//
// Installs with `npm ci` when node_modules is missing or differs from package-lock.json; then makes sure that the
// Node which npm scripts will find is new enough.

var fs = require('fs');
var path = require('path');
var childProcess = require('child_process');

var MIN_NODE_MAJOR = 24;
var root = path.resolve(__dirname, '..');

function readJson(file) {
  try {
    return JSON.parse(fs.readFileSync(path.join(root, file), 'utf8'));
  } catch (error) {
    return undefined;
  }
}

function fits(list, value) {
  if (!list || list.length === 0) return true;
  return list.indexOf('!' + value) < 0 && (list[0].charAt(0) === '!' || list.indexOf(value) >= 0);
}

/** Why node_modules is not what the lockfile says, or '' when it is. `withDev`: development packages count too. */
function difference(withDev) {
  var lock = readJson('package-lock.json');
  // npm writes this file last, so an interrupted installation does not have it.
  var installed = readJson('node_modules/.package-lock.json');
  var names, name, wanted, have, i;
  if (!lock) throw new Error('package-lock.json is missing or damaged: restore it from the repository');
  if (!installed) return 'node_modules is missing or incomplete';
  names = Object.keys(lock.packages);
  for (i = 0; i < names.length; i += 1) {
    name = names[i];
    wanted = lock.packages[name];
    have = installed.packages[name];
    if (name === '' || wanted.extraneous || ((wanted.dev || wanted.devOptional) && !withDev)) continue;
    if (!have) {
      if (wanted.optional && !(fits(wanted.os, process.platform) && fits(wanted.cpu, process.arch))) continue;
      // An optional package for another C library, say, may rightly be absent; our Node may not.
      if (wanted.optional && name.indexOf('node_modules/node-') !== 0) continue;
      return name.replace('node_modules/', '') + ' is not installed';
    }
    if (have.version !== wanted.version) {
      return name.replace('node_modules/', '') + ' is ' + have.version + ', not ' + wanted.version;
    }
  }
  return '';
}

function install() {
  var npm = process.env.npm_execpath;
  // Without pages of warnings that the Node of the machine is too old: ours is what is installed.
  var args = ['ci', '--no-audit', '--no-fund', '--loglevel=error'];
  var options = { cwd: root, stdio: 'inherit', shell: false, env: {} };
  var result;
  // npm hands its settings to scripts; with `npm test --silent` the nested npm would hide why it failed.
  Object.keys(process.env).forEach(function (key) {
    if (!/^npm_config_loglevel$/i.test(key)) options.env[key] = process.env[key];
  });
  if (npm && /\.[cm]?js$/.test(npm)) {
    result = childProcess.spawnSync(process.execPath, [npm].concat(args), options);
  } else {
    options.shell = process.platform === 'win32';
    result = childProcess.spawnSync('npm', args, options);
  }
  if (result.error) throw new Error('npm could not be started (' + result.error.message + '): install npm');
  if (result.status !== 0) {
    throw new Error('npm ci failed (exit code ' + result.status + '): see its messages above, then try again');
  }
}

/** The Node that npm scripts run on from now on: ours in node_modules/.bin, else the one in PATH. */
function scriptNode() {
  var own = path.join(root, 'node_modules', '.bin', process.platform === 'win32' ? 'node.cmd' : 'node');
  var result = childProcess.spawnSync(fs.existsSync(own) ? own : process.execPath, ['-p', 'process.versions.node'], {
    encoding: 'utf8',
  });
  return result.status === 0 ? result.stdout.trim() : '';
}

function main() {
  var withDev = process.argv.indexOf('--dev') >= 0;
  var why = difference(withDev);
  var version;
  if (why !== '') {
    console.error('hubfarm: ' + why + '; running npm ci (once, about a minute)');
    install();
    why = difference(withDev);
    if (why !== '') throw new Error('after npm ci ' + why + ': run npm ci by hand and look at its messages');
  }
  version = scriptNode();
  if (!(parseInt(version, 10) >= MIN_NODE_MAJOR)) {
    throw new Error(
      'Node ' +
        MIN_NODE_MAJOR +
        ' or newer is needed, this is ' +
        (version || process.version) +
        ', and there is no' +
        ' ready-made Node package for ' +
        process.platform +
        '-' +
        process.arch +
        ': install it from https://nodejs.org'
    );
  }
}

try {
  main();
} catch (error) {
  console.error('hubfarm: ' + error.message);
  process.exitCode = 1;
}
