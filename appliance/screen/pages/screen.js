new EventSource("/events").onmessage = (event) => {
  document.getElementById("view").textContent = event.data;
};
