// An OpenID Connect provider for tests: PORT RETURN_ADDRESS. A person is who they say they are, and "fedsm" is the only client.
import { Provider } from "oidc-provider";

const [port, returnAddress] = process.argv.slice(2);
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
  claims: { openid: ["sub"], profile: ["preferred_username"], email: ["email"] },
  findAccount: (_context, id) => ({
    accountId: id,
    claims: () => ({ sub: id, preferred_username: id, email: `${id}@example.org` }),
  }),
  features: { devInteractions: { enabled: true } },
  cookies: { keys: ["of the tests only"] },
});
provider.listen(Number(port), "127.0.0.1", () => process.stdout.write("listening\n"));
