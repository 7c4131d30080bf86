// Refreshes the live part of the page every two seconds while the page is visible.
const live = document.getElementById("live");
const summary = document.getElementById("summary");

async function refresh() {
  const open = [...live.querySelectorAll("details[open]")].map((one) => one.dataset.key);
  const focused = live.contains(document.activeElement) && document.activeElement.closest("details");
  const response = await fetch("/-/status");
  if (!response.ok) throw new Error(response.status);
  live.innerHTML = await response.text();
  live.querySelectorAll("details").forEach((one) => { one.open = open.includes(one.dataset.key); });
  if (focused) live.querySelector(`[data-key="${CSS.escape(focused.dataset.key)}"] summary`)?.focus();
  return live.firstElementChild.dataset.summary;
}

setInterval(async () => {
  if (document.hidden) return;
  const text = await refresh().catch(() => "The gateway does not respond; the state below is stale.");
  if (summary.textContent !== text) summary.textContent = text; // screen readers announce each change
}, 2000);
