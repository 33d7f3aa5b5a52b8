import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Host } from '../../test/interop/namespaces.ts';
import { childrenOf, signal, type RunningProcess } from '../../test/interop/process.ts';
import type { SipUser } from '../../test/interop/sipp.ts';
import { writeTables } from './kamailio.ts';

const modulesOf = (names: string): string =>
  names
    .split(' ')
    .map((name) => `loadmodule "${name}.so"`)
    .join('\n');

const head = (address: string, folder: string): string => `#!KAMAILIO
debug=0
log_stderror=yes
children=2
disable_tcp=yes
auto_aliases=no
maxbuffer=4194304
dns=no
rev_dns=no
server_signature=no
listen=udp:${address}:5060
mpath="/usr/lib/x86_64-linux-gnu/kamailio/modules/"
${modulesOf('kex tm tmx sl rr pv maxfwd textops siputils jsonrpcs')}
modparam("jsonrpcs", "transport", 4)
modparam("jsonrpcs", "fifo_name", "")
modparam("jsonrpcs", "dgram_socket", "${folder}/rpc.sock")
modparam("tm", "failure_reply_mode", 3)
modparam("rr", "enable_full_lr", 0)
`;

/** Calls go by the hash of their Call-ID, registrations by the user; two lost probes 2 s apart take a proxy out. */
const front = (address: string, folder: string): string => `${head(address, folder)}
loadmodule "dispatcher.so"
modparam("tm", "fr_timer", 2000)
modparam("dispatcher", "list_file", "${folder}/dispatcher.list")
modparam("dispatcher", "flags", 2)
modparam("dispatcher", "xavp_dst", "_dsdst_")
modparam("dispatcher", "xavp_ctx", "_dsctx_")
modparam("dispatcher", "ds_ping_interval", 2)
modparam("dispatcher", "ds_ping_method", "OPTIONS")
modparam("dispatcher", "ds_probing_mode", 1)
modparam("dispatcher", "ds_probing_threshold", 2)
modparam("dispatcher", "ds_inactive_threshold", 2)
modparam("dispatcher", "ds_ping_latency_stats", 0)
request_route {
  if (is_method("OPTIONS") && uri==myself) { sl_send_reply("200", "OK"); exit; }
  if (!mf_process_maxfwd_header("10")) { sl_send_reply("483", "Too Many Hops"); exit; }
  if (has_totag()) {
    if (loose_route()) { t_relay(); exit; }
    if (is_method("ACK")) { if (t_check_trans()) { t_relay(); } exit; }
    sl_send_reply("404", "Not here");
    exit;
  }
  if (is_method("CANCEL")) { if (t_check_trans()) { t_relay(); } exit; }
  t_check_trans();
  if (is_method("INVITE|SUBSCRIBE")) { record_route(); }
  if (is_method("REGISTER")) {
    if (!ds_select_dst("1", "2")) { sl_send_reply("503", "no proxy"); exit; }
  } else {
    if (!ds_select_dst("1", "0")) { sl_send_reply("503", "no proxy"); exit; }
  }
  t_on_failure("FAIL_OVER");
  t_relay();
  exit;
}
failure_route[FAIL_OVER] {
  if (t_is_canceled()) { exit; }
  if (t_check_status("500|503") || (t_branch_timeout() && !t_branch_replied())) {
    ds_mark_dst("ip");
    if (ds_next_dst()) { t_on_failure("FAIL_OVER"); t_relay(); exit; }
  }
}
`;

/** Registrar and stateful record-routing proxy; the locations of both proxies are replicated by dmq_usrloc. */
const proxy = (address: string, peer: string, domain: string, folder: string): string => `${head(address, folder)}
alias="${domain}"
listen=udp:${address}:5062
${modulesOf('usrloc registrar path db_text htable auth dmq dmq_usrloc')}
modparam("dmq", "server_address", "sip:${address}:5062")
modparam("dmq", "notification_address", "sip:${peer}:5062")
modparam("dmq", "num_workers", 1)
modparam("dmq", "ping_interval", 15)
modparam("dmq_usrloc", "enable", 1)
modparam("dmq_usrloc", "sync", 1)
modparam("usrloc", "db_mode", 0)
modparam("usrloc", "hash_size", 14)
modparam("registrar", "max_contacts", 10)
modparam("registrar", "use_path", 1)
modparam("registrar", "path_use_received", 0)
modparam("htable", "db_url", "text://${folder}/db")
modparam("htable", "htable", "users=>size=15;dbtable=users;autoexpire=0;")
modparam("auth", "nonce_expire", 300)
modparam("auth", "secret", "shared-over-the-farm")
request_route {
  if (is_method("KDMQ") && $Rp==5062) { dmq_handle_message(); exit; }
  if (is_method("OPTIONS") && uri==myself) { sl_send_reply("200", "OK"); exit; }
  if (!mf_process_maxfwd_header("10")) { sl_send_reply("483", "Too Many Hops"); exit; }
  if (has_totag()) {
    if (loose_route()) { t_relay(); exit; }
    if (is_method("ACK")) { if (t_check_trans()) { t_relay(); } exit; }
    sl_send_reply("404", "Not here");
    exit;
  }
  if (is_method("CANCEL")) { if (t_check_trans()) { t_relay(); } exit; }
  t_check_trans();
  if (is_method("REGISTER")) {
    if ($au == $null || !pv_auth_check("${domain}", "$sht(users=>$au)", "0", "1")) {
      auth_challenge("${domain}", "0");
      exit;
    }
    save("location");
    exit;
  }
  if (is_method("INVITE|SUBSCRIBE")) { record_route(); }
  if (!lookup("location")) { sl_send_reply("404", "Not Found"); exit; }
  if (!t_relay()) { sl_reply_error(); }
  exit;
}
`;

/** The usual farm of Debian's Kamailio: a dispatcher in front of two proxies that tell each other their locations. */
export class KamailioFarm {
  readonly front: Host;
  readonly proxies: readonly [Host, Host];
  readonly #processes = new Map<Host, RunningProcess>();

  constructor(host: (name: string) => Host) {
    this.front = host('front');
    this.proxies = [host('proxy1'), host('proxy2')];
  }

  get pids(): readonly number[] {
    return [...this.#processes.values()].map(({ pid }) => pid);
  }

  async start(domain: string, users: readonly SipUser[]): Promise<void> {
    const [first, second] = this.proxies;
    for (const [own, peer] of [
      [first, second],
      [second, first],
    ] as const) {
      writeTables(own.folder, users);
      await this.#run(own, proxy(own.address, peer.address, domain, own.folder));
    }
    const { folder, address } = this.front;
    mkdirSync(folder, { recursive: true });
    const list = this.proxies.map((host) => `1 sip:${host.address}:5060\n`).join('');
    writeFileSync(join(folder, 'dispatcher.list'), list);
    await this.#run(this.front, front(address, folder));
  }

  /** Ends the first proxy as a crash does; the function that it returns brings it back. */
  async loseOne(domain: string): Promise<() => Promise<void>> {
    const [own, peer] = this.proxies;
    const main = this.#processes.get(own);
    const workers = main === undefined ? [] : childrenOf(main.pid);
    await main?.kill();
    workers.forEach((pid) => signal(pid, 'SIGKILL'));
    this.#processes.delete(own);
    return () => this.#run(own, proxy(own.address, peer.address, domain, own.folder));
  }

  async #run(host: Host, configuration: string): Promise<void> {
    const file = join(host.folder, 'kamailio.cfg');
    writeFileSync(file, configuration);
    const process = host.start('kamailio', ['-f', file, '-Y', host.folder, '-m', '512', '-M', '16', '-DD', '-E']);
    this.#processes.set(host, process);
    await host.receives('udp', 5060);
  }
}
