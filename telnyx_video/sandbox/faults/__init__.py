r"""Scripted faults: what a server, or the network in front of it, can do to a request.

A plan is plain JSON data, a list of rules. It is given to `Sandbox(faults=…)`, assigned to
`sandbox.faults` at any time from any thread, read from a file by `load_faults`, or sent to
`POST /_sandbox/faults`. An empty list clears it. The first rule that has a fault for a request
decides. Control requests never get a fault.

A rule
    on       which requests: method and route under the version, such as "POST /rooms",
             "GET /rooms/{id}" or "POST /room_sessions/{id}/actions/end"; "GET /media/{id}" for the
             download of a file; or "*" for all.
    name     only requests with this unique_name, in the body or in the filter of a list of rooms.
             Optional.
    page     only this page of a list. Optional.
    faults   a script: the first matching request gets the first fault, the second the second, and
             so on; null means no fault. Then the rule is used up, unless "repeat" is true: then its
             last entry stays.
    draw     instead of a script: a list of {"fault": …, "probability": 0 to 1}; each matching
             request draws one or none. The draw depends on "seed" (default 0), on the request's
             name, or else its body and query, and on how often that was seen, not on timing.

A fault is an object with the fields below, or a shorthand: a name from the list at the end, or a
status, such as 503. Fields that it does not mention have no effect.

When the request is committed
    commit   "before" the reply; "never"; or a delay in seconds. A late commit
             fails silently if its name was taken in the meantime. The default is "never" if the cut
             comes before the request is read or the status is 300 or more, else "before". The
             answer is the same as if it had been committed before.

The answer, in place of the true reply
    status   200 to 999.
    headers  an object: null leaves one out, {"date_in": s} is the HTTP date in s seconds,
             {"size": n} is n characters of nothing.
    body     {"json": …}, {"text": …}, or "error" (in the published shape; the default of a status
             from 400), "empty" (that of a 3xx), "html", "bad_json", "no_id" (success without
             data.id), "wrong_types", "bad_gzip", "bomb" (73 KB that inflate to 72 MiB),
             "endless", "duplicate" (the name is taken, code 10012), "duplicate_map" (the same as
             a map of messages), "duplicate_other" (another field is taken).
    list     what a list shows: "empty"; "doubled", each object again under a second id;
             "inexact", names that start with the filter's value, or the reverse, in any case;
             "first_page", whichever page was requested; {"without_younger_than": seconds}.
    framing  "length"; "chunked"; "close", where the connection's end ends the body; "bad_chunk";
             "two_lengths", two different Content-Length headers.
    interim  100, 102 or 103: this informational reply is sent first.
    raw      these characters, as Latin-1, and nothing else.

How the answer is sent
    cut      end the connection, by FIN or, with "reset": true, by RST. Where: "read", before the
             body is read; "reading", in the middle of that; "reply", before its first byte;
             in the middle of the "status" line, "headers" or "body"; at its "end"; or when the
             "next" request arrives on the connection, which is lost too.
    stall    wait for that many "seconds", or without them until the client disconnects. Where:
             "read", "commit" (before it, after reading), "reply", "status", "headers", "body".
    drip     seconds between one byte and the next.

The middle of reading is after the first bytes of the body. A rule with a name or a draw reads the
whole body before anything is cut; this differs only for bodies that arrive in pieces.

`sandbox.faults_done` counts the faults by shorthand, or by their fields if there is no shorthand.

Shorthands
    dropped, dropped_reset    cut "read", by FIN and by RST: the request has no effect.
    lost, lost_reset          cut "reply": committed, but not answered.
    late                      the same, committed 1 second later.
    hang, hang_uncommitted    stall "reply", and "commit", until the client disconnects.
    truncated, truncated_chunked, truncated_close
                              cut "body" in each framing.
    close                     a good reply with Connection: close, then FIN.
    closed_idle, closed_next  a good reply, then cut "end", or cut "next".
    html                      status 200 with body "html".
    empty, bad_json, no_id, wrong_types, bad_gzip, bomb, endless
                              the body of that name.
    duplicate, duplicate_map, duplicate_other
                              422 with the body of that name, not committed.
    bad_chunk, two_lengths    the framing of that name.
    huge_header, garbage      a header of a million characters; bytes that are not HTTP.
    list_empty, list_doubled, list_inexact, list_first_page
                              the list of that name.
    list_stale                a list without objects younger than 1 second.

Downloads get faults like any other request: a cut in the middle of the "body" tests a client that
resumes. Faults that change JSON leave files as they are.
"""
