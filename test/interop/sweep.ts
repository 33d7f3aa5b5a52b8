import { sweepNamespaces } from './namespaces.ts';

/** Before and after all interop tests: removes what killed ones left behind. */
export default function sweep(): () => void {
  sweepNamespaces();
  return sweepNamespaces;
}
