// Behind a gateway with a portal, the header links to the portal, its documentation and the services, as listed by the index at /.
async function readIndex() {
  const response = await fetch("/", { headers: { Accept: "application/json" } });
  return response.ok ? (await response.json()).links : undefined;
}

function item([address, text]) {
  const link = document.createElement("a");
  link.href = new URL(address, location).pathname;
  link.textContent = text ?? link.pathname;
  const entry = document.createElement("li");
  entry.append(link);
  return entry;
}

readIndex().then((links) => {
  if (!links) return;
  const list = document.querySelector(".navbar .nav");
  const admin = list.querySelector("a").pathname;
  const known = [["/", "All services"], ...links.api.map((address) => [address]), [links.docs, "API documentation"]];
  if (links.admins.some((address) => new URL(address).pathname === admin)) known.push([admin, "Administration"]);
  list.replaceChildren(...known.map(item));
  document.querySelector(".navbar-brand").href = "/";
}).catch(() => {}); // without an index the links stay
