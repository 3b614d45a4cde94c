// Each worker has a server of its own, because the demo users are few and what they set is theirs alone: the addresses and the files of
// sign-ins stand in the variables in the same order, each on a line.
const mine = (variable) => {
  const all = (process.env[variable] ?? "").split("\n");
  return all[Number(process.env.TEST_PARALLEL_INDEX ?? 0) % all.length];
};

export const URL_OF_SERVER = mine("GUANXI_URL");
export const SIGN_INS_FILE = mine("GUANXI_SIGN_INS");
