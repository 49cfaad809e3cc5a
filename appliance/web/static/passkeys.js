// Passkeys: the server says what is to be signed, the device signs, the server looks at it. Without script, or where the browser has no
// passkeys, the parts stay hidden and passwords do.

const able = window.PublicKeyCredential?.parseCreationOptionsFromJSON && window.PublicKeyCredential?.parseRequestOptionsFromJSON;

async function send(address, fields) {
  const answer = await fetch(address, { method: "POST", body: new URLSearchParams(fields), headers: { Accept: "application/json" } });
  if (!answer.ok) throw new Error(answer.status === 409 ? await answer.text() : "");
  return answer.json();
}

async function signIn(form) {
  const options = PublicKeyCredential.parseRequestOptionsFromJSON(await send("/sign-in/passkey/options", {}));
  const given = await navigator.credentials.get({ publicKey: options });
  return send("/sign-in/passkey", { answer: JSON.stringify(given.toJSON()), next: form.elements.next.value });
}

async function add(form) {
  const { csrf, old, name } = Object.fromEntries(new FormData(form));
  const options = PublicKeyCredential.parseCreationOptionsFromJSON(await send("/account/passkeys/options", { csrf, old }));
  const made = await navigator.credentials.create({ publicKey: options });
  return send("/account/passkeys", { csrf, name, answer: JSON.stringify(made.toJSON()) });
}

for (const form of able ? document.querySelectorAll("form[data-passkey]") : []) {
  const trouble = form.querySelector("[role=alert]");
  form.hidden = false;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    trouble.hidden = true;
    try {
      const { next } = await (form.dataset.passkey === "add" ? add(form) : signIn(form));
      location.assign(next);
    } catch (error) {
      trouble.textContent = error.name === "Error" && error.message ? error.message : trouble.dataset.failed;
      trouble.hidden = false;
    }
  });
}
