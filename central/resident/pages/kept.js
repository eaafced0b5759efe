// What stays on this phone: its key, what the town has signed about it, what was shown last. In IndexedDB, because a key
// that may not be read cannot be kept anywhere else.

function open() {
  return new Promise((resolve, reject) => {
    const asked = indexedDB.open("machi", 1);
    asked.onupgradeneeded = () => asked.result.createObjectStore("kept");
    asked.onsuccess = () => resolve(asked.result);
    asked.onerror = () => reject(asked.error);
  });
}

async function run(mode, ask) {
  const database = await open();
  try {
    return await new Promise((resolve, reject) => {
      const transaction = database.transaction("kept", mode);
      const asked = ask(transaction.objectStore("kept"));
      transaction.oncomplete = () => resolve(asked.result);
      transaction.onerror = transaction.onabort = () => reject(transaction.error);
    });
  } finally {
    database.close();
  }
}

export const read = (name) => run("readonly", (store) => store.get(name));
export const keep = (name, value) => run("readwrite", (store) => store.put(value, name));
export const forget = (name) => run("readwrite", (store) => store.delete(name));
export const forgetAll = () => run("readwrite", (store) => store.clear());
