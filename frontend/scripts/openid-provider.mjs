// An OpenID Connect provider for tests: PORT RETURN_ADDRESS [GROUPS_FILE]. A person is who they say they are, "fedsm" is the
// only client, and the file says as JSON who is in which groups: a list, or the number of too many, which it then leaves out as
// Entra ID does.
import { readFileSync } from "node:fs";
import { Provider } from "oidc-provider";

const [port, returnAddress, groupsFile] = process.argv.slice(2);
const groupsOf = (id) => {
  const groups = groupsFile ? JSON.parse(readFileSync(groupsFile, "utf8"))[id] : undefined;
  const elsewhere = { _claim_names: { groups: "src1" }, _claim_sources: { src1: { endpoint: "https://example.org" } } };
  return typeof groups === "number" ? elsewhere : { groups };
};
const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [
    {
      client_id: "fedsm",
      client_secret: "client-secret-of-the-tests-only",
      redirect_uris: [returnAddress],
      grant_types: ["authorization_code"],
      response_types: ["code"],
      token_endpoint_auth_method: "client_secret_basic",
    },
  ],
  pkce: { required: () => true },
  conformIdTokenClaims: false, // The ID token carries the names.
  claims: {
    openid: ["sub"],
    profile: ["preferred_username", "groups", "_claim_names", "_claim_sources"],
    email: ["email"],
  },
  findAccount: (_context, id) => ({
    accountId: id,
    claims: () => ({ sub: id, preferred_username: id, email: `${id}@example.org`, ...groupsOf(id) }),
  }),
  features: { devInteractions: { enabled: true } },
  cookies: { keys: ["of the tests only"] },
});
provider.listen(Number(port), "127.0.0.1", () => process.stdout.write("listening\n"));
