import { int, int64, str, unistr } from '../../schema/field.ts';

/** RPC_TEST: the struct of functions that need no own one. */
export const testFields = {
  IntValue: int(),
  Int64Value: int64(),
  StrValue: str(),
  UniStrValue: unistr(),
};
