/** What the server answers when its database has no time. */
export const unavailable = {
  type: "/problems/unavailable",
  title: "Service unavailable",
  status: 503,
  detail: "The database is busy.",
  code: "unavailable",
  request_id: "01a2041d-0000-7000-8000-000000000000",
  errors: [],
};
