// oidc-provider as a provider of mail would set it up: an authorization server that nobody here wrote, with its own
// pages for signing in and for consent. Arguments: its folder of modules, the folder with key and certificate, and
// the public key of the application as a JSON Web Key. It prints its issuer when it listens.
import { createServer } from "node:https";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const [modules, folder, jwk] = process.argv.slice(2);
const { Provider } = await import(pathToFileURL(join(modules, "oidc-provider/lib/index.js")).href);

const key = readFileSync(join(folder, "key.pem"));
const cert = readFileSync(join(folder, "server.pem"));
let handle;
const server = createServer({ key, cert }, (request, response) => handle(request, response));

server.listen(0, "127.0.0.1", () => {
  const issuer = `https://localhost:${server.address().port}`;
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: "device",
        application_type: "native",
        token_endpoint_auth_method: "none",
        redirect_uris: ["http://127.0.0.1/"],
        grant_types: ["authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:device_code"],
        response_types: ["code"],
      },
      {
        client_id: "application",
        token_endpoint_auth_method: "private_key_jwt",
        jwks: { keys: [JSON.parse(jwk)] },
        redirect_uris: [],
        response_types: [],
        grant_types: ["client_credentials"],
        scope: "smtp",
      },
    ],
    scopes: ["openid", "offline_access", "email", "smtp"],
    claims: { openid: ["sub"], email: ["email", "email_verified"] },
    conformIdTokenClaims: false,
    cookies: { keys: ["of this run alone"] },
    features: {
      clientCredentials: { enabled: true },
      deviceFlow: { enabled: true },
      revocation: { enabled: true },
    },
    findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, email: id, email_verified: true }) }),
    rotateRefreshToken: true,
    ttl: { AccessToken: 3600, RefreshToken: 90 * 86400, Grant: 90 * 86400, Session: 3600, Interaction: 600,
      IdToken: 3600, DeviceCode: 600, ClientCredentials: 600 },
  });
  handle = provider.callback();
  console.log(`issuer ${issuer}`);
});
