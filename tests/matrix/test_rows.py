"""The fault matrix: the effect of each fault on a create, row by row.

Every row runs on real connections: on asyncio and on uvloop, over plain and TLS connections, fresh
and reused, with a name and without, by ``create`` in half of these environments and by
``create_many`` in the others. It asserts the number of creates and rooms, the result that the
caller gets, and that no connection, slot or task is left.

== ===================================== =========================
 # fault                                 module
== ===================================== =========================
 1 no connection, no handshake           test_not_sent
 2 deadline before anything is sent      test_not_sent
 3 bad certificate, header, address      test_not_sent
 4 cut before the request is read        test_lost_answers
 5 commit, then cut                      test_lost_answers
 6 cut, then a late commit               test_times
 7 stall                                 test_times
 8 partial status or headers             test_lost_answers
 9 truncated body                        test_lost_answers
10 unreadable success                    test_lost_answers
11 bytes that are not HTTP               test_lost_answers
12 5xx, 408, 409                         test_lost_answers
13 429 and its Retry-After               test_times
14 429 until the deadline                test_times
15 name taken at the first attempt       test_names
16 name taken after an unknown outcome   test_names
17 another field refused                 test_names
18 401, 403, 404 after unknown outcome   test_names
19 redirects                             test_lost_answers
20 stale connection                      test_ends
21 faults on the look-up                 test_look_ups
22 similar names                         test_look_ups
23 two rooms with the same name          test_names
24 older room, other settings            test_names
25 one name, many tasks and processes    test_many
26 cancelled                             test_ends
27 closed in flight                      test_ends
28 quota exhausted                       test_ends
29 bomb, endless body                    test_lost_answers
30 lost reply of a delete                test_other_operations
31 lost reply of an update               test_other_operations
32 fork, own thread, exit                test_many
== ===================================== =========================
"""

import re
from pathlib import Path

ROWS = range(1, 33)
DEFINITION = re.compile(r"^def test_row_(\d\d)_", re.MULTILINE)


def test_every_row_is_where_the_table_says() -> None:
    """Each row of the table has tests, and each test belongs to a row."""
    table = [
        (int(line.split()[0]), line.split()[-1])
        for line in (__doc__ or "").splitlines()
        if line[:2].strip().isdecimal()
    ]
    found = {
        (int(definition[1]), path.stem)
        for path in Path(__file__).parent.glob("test_*.py")
        for definition in DEFINITION.finditer(path.read_text(encoding="utf-8"))
    }
    assert found == set(table)
    assert [row for row, _ in table] == [*ROWS]
