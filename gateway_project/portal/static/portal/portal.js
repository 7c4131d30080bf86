// Replaces the live part of the page every two seconds, while somebody can see it.
const live = document.getElementById("live");
const summary = document.getElementById("summary");

async function refresh() {
  const open = [...live.querySelectorAll("details[open]")].map((one) => one.dataset.key);
  const response = await fetch("/-/status");
  if (!response.ok) throw new Error(response.status);
  live.innerHTML = await response.text();
  live.querySelectorAll("details").forEach((one) => { one.open = open.includes(one.dataset.key); });
  return live.firstElementChild.dataset.summary;
}

setInterval(async () => {
  if (document.hidden || live.contains(document.activeElement)) return; // the focus would be lost
  const text = await refresh().catch(() => "The gateway does not respond; the state below is old.");
  if (summary.textContent !== text) summary.textContent = text; // read aloud only when it changes
}, 2000);
