import { IoError, type Commands } from '#io';
import { EngineError } from './engine-error.ts';

/** A busy machine takes its time to begin with it. */
const timeoutMs = 30_000;
/** The first with learners. */
const oldest = [3, 4] as const;

/** What version of etcd `program` is. @throws EngineError ENGINE_MISSING, ENGINE_TOO_OLD, ENGINE_FAILED */
export async function engineVersion(commands: Commands, program: string): Promise<string> {
  const { stdout, stderr } = await run(commands, program);
  const [, version, major, minor] = /^etcd Version: ((\d+)\.(\d+)\.\S+)/m.exec(stdout) ?? [];
  if (version === undefined) {
    const said = (stdout + stderr).trim().slice(0, 200);
    throw new EngineError('ENGINE_FAILED', `${program} does not say which version of etcd it is: ${said}`);
  }
  const [wantedMajor, wantedMinor] = oldest;
  const isOld = Number(major) < wantedMajor || (Number(major) === wantedMajor && Number(minor) < wantedMinor);
  if (isOld) {
    throw new EngineError(
      'ENGINE_TOO_OLD',
      `${program} is etcd ${version}; ${oldest.join('.')} or newer is needed: install a newer etcd-server`,
    );
  }
  return version;
}

async function run(commands: Commands, program: string): ReturnType<Commands['run']> {
  try {
    return await commands.run(program, ['--version'], { timeoutMs });
  } catch (error) {
    const isMissing = error instanceof IoError && error.code === 'COMMAND_NOT_FOUND';
    if (!isMissing) throw error;
    throw new EngineError(
      'ENGINE_MISSING',
      `${program} is not there: a cluster needs etcd. On Debian: systemctl mask etcd; apt-get install etcd-server ` +
        '(the mask keeps the package from starting an etcd of its own), or name its path in HUBFARM_ETCD',
      { cause: error },
    );
  }
}
