"""Cached functions: run once, recorded in a marker, and taken from it ever after."""

cdef str CACHE = "cache"  # name of the markers


cdef inline bint has_room_at_once(Run run) noexcept:
    """Whether a marker that must leave with its batch is sure to fit the response."""
    return run.is_last and run.cached_count < MOST_CACHED and run.cached_bytes < ROOM_FOR_CACHED


cdef int take_room(Run run, str text) except -1:
    run.cached_count += 1
    run.cached_bytes += len(json.dumps(text)) + 300
    return 0


cdef int wait_for_next_batch(Run run) except -1:
    if run.next_batch is None:
        run.next_batch = Pending.of(run)
    return wait_for(run, run.next_batch)


cdef object call_cached(Run run, Task task, object instance, tuple args, dict kwargs):
    """The n-th such call: as recorded, or run now and recorded."""
    cdef int32_t number
    cdef Command command
    cdef str text = None
    if run.in_cached:
        return task.function(*args, **kwargs) if instance is None else task.function(instance, *args, **kwargs)
    check_awake(run, task.name)
    run.caches += 1
    number = run.caches
    while True:
        event_id = run.cache_records.get(number, 0)
        if event_id:
            if run.batch_completed and run.history.rows[<int64_t>event_id - 1].done <= run.batch_completed:
                text = run.history.value_text(&run.history.rows[<int64_t>event_id - 1])
                break
        elif has_room_at_once(run) and not run.run_cached:
            run.not_run.append(task.name)
        elif has_room_at_once(run):
            if run.rehearsed is None:
                text = run_cached(run, task, instance, args, kwargs, number)
            else:
                text = rehearsed_text(run, task, number)
            run.cached_texts[number] = text
            take_room(run, text)
            break
        wait_for_next_batch(run)
    command = new_command(run, MARKER)
    command.details = (CACHE, text, CACHE)
    enqueue(run, command)
    return cached_value(run, task, number, text)


cdef str run_cached(Run run, Task task, object instance, tuple args, dict kwargs, int32_t number):
    cdef dict record = {"n": number, "f": task.name}
    cdef str text
    run.in_cached = True
    try:
        if instance is not None:
            args = (instance, *args)
        result = task.function(*args, **kwargs)
        record["r"] = task.codec.encode_result(result, run.scope)
        text = json.dumps(record, separators=(",", ":"), ensure_ascii=False)
        if len(text) > LONGEST_FIELD:
            # The codec's store takes it; without one it says how much is too much.
            record["r"] = task.codec.encode_result(result, run.scope, limit=CACHED_TEXT)
            text = json.dumps(record, separators=(",", ":"), ensure_ascii=False)
        return text
    except DataStoreError as error:
        run.in_cached = False
        break_off(run, error)
    except Exception as error:
        record.pop("r", None)
        record["x"] = task.codec.encode_failure(error, run.scope, limit=CACHED_TEXT)
        return json.dumps(record, separators=(",", ":"), ensure_ascii=False)
    finally:
        run.in_cached = False


cdef str rehearsed_text(Run run, Task task, int32_t number):
    """What the function came to in the run that is decided again."""
    cdef str text = run.rehearsed.cached_texts.get(number)
    if text is None:
        break_off(run, NondeterminismError(
            f"a replay came to cached call {number}, of {task.name}; the one before did not"
        ))
    return text


cdef object cached_value(Run run, Task task, int32_t number, str text):
    """The first call and every replay of it take the value from the record, so that they are alike."""
    cdef dict record = json.loads(text)
    if record["f"] != task.name:
        break_off(run, cached_mismatch(run, task, number, record["f"]))
    if "x" in record:
        raise rebuilt(task.codec.decode_failure(record["x"][0], record["x"][1]), record["x"][0])
    try:
        return task.codec.decode_result(record["r"])
    except DataStoreError as error:
        break_off(run, error)
