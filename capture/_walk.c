/* The hot path in C: frames of a block of memory put to the streams that are known already, everything else handed to Python.

   It decides nothing. A frame is taken only where it is Ethernet (VLAN tags allowed), IPv4 without options or fragments or IPv6
   without extensions, UDP, RTP version 2, with lengths that agree, and its addresses, ports and SSRC were learned. `walk.py` is the
   same in Python: the fallback where nothing can be built, and the oracle in tests. No read goes beyond its frame or block. */

#define Py_LIMITED_API 0x030B0000
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <structmember.h>
#include <stdlib.h>
#include <string.h>

#define KEY 40             /* two IPv6 addresses, two ports, SSRC */
#define STAMP 10           /* before each packet of a run: time in ns, length (big endian) */
#define SECOND 1000000000ULL

typedef struct Flow {
    uint8_t key[KEY];
    uint32_t size;
    PyObject *owner;       /* NULL: ignored */
    uint8_t *run;
    size_t length, room;
    int fresh, forgotten;
    struct Flow *next;     /* among the fresh */
    uint64_t first, last, packets, late, types[2];
    int64_t lowest, highest;
} Flow;

typedef struct {
    PyObject_HEAD
    Flow **table, *fresh, **newest;
    unsigned long long slots, used, frames, taken, buffered;
} Walker;

static uint64_t be(const uint8_t *at, int size) {
    uint64_t value = 0;
    while (size--) value = value << 8 | *at++;
    return value;
}

static void put(uint8_t *at, uint64_t value, int size) {
    for (; size--; value >>= 8) at[size] = (uint8_t)value;
}

static Flow **slot_of(Walker *self, const uint8_t *key, uint32_t size) {
    uint64_t hash = 0x9E3779B97F4A7C15ULL ^ size, word = 0;
    for (uint32_t place = 0; place < size; place += 4) {
        memcpy(&word, key + place, 4);  /* sizes are multiples of four; the rest of `word` stays zero */
        hash = (hash ^ word) * 0xD6E8FEB86659FD93ULL;
        hash ^= hash >> 32;
    }
    size_t slot = hash & (self->slots - 1);
    while (self->table[slot] && (self->table[slot]->size != size || memcmp(self->table[slot]->key, key, size)))
        slot = (slot + 1) & (self->slots - 1);
    return &self->table[slot];
}

/* A flow leaves the table; what it has gathered waits for `take`. */
static void drop(Flow *flow) {
    flow->forgotten = 1;
    if (flow->fresh) return;
    Py_XDECREF(flow->owner);
    free(flow->run);
    free(flow);
}

/* The table with room for twice what it holds. Returns -1 where there is no memory. */
static int grow(Walker *self) {
    size_t before = self->slots, slots = before ? 2 * before : 1024;
    Flow **table = self->table, **roomy = calloc(slots, sizeof *roomy);
    if (!roomy) return -1;
    self->table = roomy;
    self->slots = slots;
    for (size_t slot = 0; slot < before; slot++)
        if (table[slot]) *slot_of(self, table[slot]->key, table[slot]->size) = table[slot];
    free(table);
    return 0;
}

/* A packet into its flow's run. */
static int gather(Walker *self, Flow *flow, uint64_t at, const uint8_t *packet, size_t size) {
    if (!flow->owner) return 0;
    if (flow->length + STAMP + size > flow->room) {
        size_t room = 2 * flow->room + STAMP + size + 2048;
        uint8_t *run = realloc(flow->run, room);
        if (!run) return -1;
        flow->run = run;
        flow->room = room;
    }
    if (!flow->fresh) {
        *self->newest = flow;
        self->newest = &flow->next;
        flow->fresh = 1;
    }
    uint8_t *run = flow->run + flow->length;
    put(run, at, 8);
    put(run + 8, size, 2);
    memcpy(run + STAMP, packet, size);
    flow->length += STAMP + size;
    self->buffered += STAMP + size;
    self->taken++;
    int64_t sequence = packet[2] << 8 | packet[3], step = (sequence - flow->highest) & 0xFFFF;
    if (!flow->packets++) {
        flow->highest = flow->lowest = sequence + 0x10000;
        flow->first = at;
    } else if (step < 0x8000) flow->highest += step;
    else flow->late++;
    flow->types[packet[1] >> 6 & 1] |= 1ULL << (packet[1] & 63);
    if (at > flow->last) flow->last = at;
    return 0;
}

/* 1: taken; 0: for Python; -1: no memory. */
static int walk(Walker *self, const uint8_t *frame, size_t size, uint64_t at) {
    uint8_t key[KEY];
    size_t ip = 14, udp, hosts;
    self->frames++;
    if (size < 54) return 0;
    uint64_t type = be(frame + 12, 2);
    for (int tags = 0; type == 0x8100 || type == 0x88A8 || type == 0x9100 || type == 0x9200 || type == 0x9300; tags++, ip += 4) {
        if (tags == 4 || size < ip + 4) return 0;
        type = be(frame + ip + 2, 2);
    }
    if (type == 0x0800) {
        udp = ip + 20;
        if (size < udp + 20 || frame[ip] != 0x45 || frame[ip + 9] != 17 || be(frame + ip + 6, 2) & 0x3FFF) return 0;
        if (be(frame + ip + 2, 2) != 20 + be(frame + udp + 4, 2)) return 0;
        hosts = 8;
        memcpy(key, frame + ip + 12, hosts);
    } else if (type == 0x86DD) {
        udp = ip + 40;
        if (size < udp + 20 || frame[ip] >> 4 != 6 || frame[ip + 6] != 17) return 0;
        if (be(frame + ip + 4, 2) != be(frame + udp + 4, 2)) return 0;
        hosts = 32;
        memcpy(key, frame + ip + 8, hosts);
    } else return 0;
    size_t length = be(frame + udp + 4, 2);
    const uint8_t *packet = frame + udp + 8;
    if (length < 20 || udp + length > size || packet[0] >> 6 != 2 || packet[1] >> 5 == 6) return 0;  /* 192 to 223 is RTCP */
    memcpy(key + hosts, frame + udp, 4);
    memcpy(key + hosts + 4, packet + 8, 4);
    Flow *flow = *slot_of(self, key, (uint32_t)hosts + 8);
    return !flow ? 0 : gather(self, flow, at, packet, length - 8) ? -1 : 1;
}

/* One frame of a block or file; where it is not taken, Python gets it, its time, and the VLAN tag (TPID, TCI) that the kernel took
   out of it (0: none). -1 with an exception where there is no memory. */
static int frame(Walker *self, PyObject *odd, const uint8_t *bytes, size_t size, uint64_t at, uint32_t tag) {
    int found = walk(self, bytes, size, at);
    if (found < 0) PyErr_NoMemory();
    if (found) return found;
    PyObject *left = Py_BuildValue("(y#KI)", bytes, (Py_ssize_t)size, (unsigned long long)at, tag);
    found = left ? PyList_Append(odd, left) : -1;
    Py_XDECREF(left);
    return found;
}

static PyObject *walker_block(Walker *self, PyObject *arguments) {
    Py_buffer memory;
    Py_ssize_t base, end;
    if (!PyArg_ParseTuple(arguments, "y*nn", &memory, &base, &end)) return NULL;
    PyObject *odd = PyList_New(0);
    const uint8_t *bytes = memory.buf;
    uint32_t head[5], of[10];  /* of the block: version, private, status, frames, first frame; of a frame: see below */
    if (odd && base >= 0 && end <= memory.len && end - base >= 48) {
        memcpy(head, bytes + base, sizeof head);
        size_t place = (size_t)base + head[4], limit = (size_t)end;
        for (uint32_t count = head[3]; odd && count && place + 48 <= limit; count--) {
            memcpy(of, bytes + place, sizeof of);  /* next, s, ns, captured, wire, status, MAC | network, hash, TCI, TPID */
            size_t start = place + (of[6] & 0xFFFF), size = of[3];
            uint32_t tag = of[5] & 0x10 ? (of[5] & 0x40 ? of[9] & 0xFFFF : 0x8100) << 16 | (of[8] & 0xFFFF) : 0;
            if (start + size > limit) break;
            if (frame(self, odd, bytes + start, size, of[1] * SECOND + of[2], tag) < 0) Py_CLEAR(odd);
            if (!of[0]) break;
            place += of[0];
        }
    }
    PyBuffer_Release(&memory);
    return odd;
}

static uint64_t number(const uint8_t *at, int big) {
    return big ? be(at, 4) : (uint64_t)at[3] << 24 | at[2] << 16 | at[1] << 8 | at[0];
}

static PyObject *walker_records(Walker *self, PyObject *arguments) {
    Py_buffer memory;
    Py_ssize_t place;
    int big;
    unsigned long long unit, until, next = 0, latest = 0;
    if (!PyArg_ParseTuple(arguments, "y*npKK", &memory, &place, &big, &unit, &until)) return NULL;
    PyObject *odd = PyList_New(0);
    const uint8_t *bytes = memory.buf;
    while (odd && place >= 0 && memory.len - place >= 16) {
        const uint8_t *head = bytes + place;
        size_t size = number(head + 8, big);
        if (size > (size_t)(memory.len - place - 16)) break;
        uint64_t at = number(head, big) * SECOND + number(head + 4, big) * unit;
        if (at >= until) { next = at; break; }
        if (frame(self, odd, head + 16, size, at, 0) < 0) Py_CLEAR(odd);
        if (at > latest) latest = at;
        place += 16 + (Py_ssize_t)size;
    }
    PyBuffer_Release(&memory);
    return odd ? Py_BuildValue("(nKKN)", place, next, latest, odd) : NULL;
}

static PyObject *walker_learn(Walker *self, PyObject *arguments) {
    const uint8_t *key;
    Py_ssize_t size;
    PyObject *owner = NULL;  /* without one the key is forgotten */
    if (!PyArg_ParseTuple(arguments, "y#|O", &key, &size, &owner)) return NULL;
    if (size != 16 && size != KEY) return PyErr_Format(PyExc_ValueError, "a key has 16 or 40 bytes");
    if (2 * (self->used + 1) > self->slots && grow(self)) return PyErr_NoMemory();
    Flow **slot = slot_of(self, key, (uint32_t)size), *flow = owner ? calloc(1, sizeof *flow) : NULL, *moved;
    if (owner && !flow) return PyErr_NoMemory();
    self->used += !!flow - !!*slot;
    if (*slot) drop(*slot);
    *slot = flow;
    if (flow) {
        memcpy(flow->key, key, flow->size = (uint32_t)size);
        flow->owner = owner == Py_None ? NULL : Py_NewRef(owner);
    } else for (size_t at = slot - self->table + 1; (moved = self->table[at & (self->slots - 1)]); at++) {
        self->table[at & (self->slots - 1)] = NULL;  /* what was pushed along by it moves up */
        *slot_of(self, moved->key, moved->size) = moved;
    }
    Py_RETURN_NONE;
}

static PyObject *walker_gather(Walker *self, PyObject *arguments) {
    const uint8_t *key, *packet;
    Py_ssize_t size, length;
    unsigned long long at;
    if (!PyArg_ParseTuple(arguments, "y#Ky#", &key, &size, &at, &packet, &length)) return NULL;
    Flow *flow = (size == 16 || size == KEY) && length >= 12 && length < 0x10000 ? *slot_of(self, key, (uint32_t)size) : NULL;
    return flow && gather(self, flow, at, packet, (size_t)length) ? PyErr_NoMemory() : PyBool_FromLong(flow != NULL);
}

static PyObject *walker_take(Walker *self, PyObject *arguments) {
    unsigned long long most = ~0ULL;
    if (!PyArg_ParseTuple(arguments, "|K", &most)) return NULL;
    PyObject *taken = PyList_New(0);
    for (Flow *flow = self->fresh; taken && flow && most--; flow = flow->next) {
        PyObject *run = Py_BuildValue("(Oy#(KKKKLLKK))", flow->owner, flow->run, (Py_ssize_t)flow->length, flow->first, flow->last,
                                      flow->packets, flow->late, flow->lowest, flow->highest, flow->types[0], flow->types[1]);
        if (!run || PyList_Append(taken, run)) Py_CLEAR(taken);
        Py_XDECREF(run);
    }
    for (Py_ssize_t left = taken ? PyList_Size(taken) : 0; left; left--) {
        Flow *flow = self->fresh;
        self->fresh = flow->next;
        self->buffered -= flow->length;
        flow->length = flow->fresh = 0;
        flow->next = NULL;
        if (flow->forgotten) drop(flow);
    }
    if (!self->fresh) self->newest = &self->fresh;
    return taken;
}

static PyObject *walker_new(PyTypeObject *type, PyObject *Py_UNUSED(arguments), PyObject *Py_UNUSED(keywords)) {
    Walker *self = (Walker *)((allocfunc)PyType_GetSlot(type, Py_tp_alloc))(type, 0);
    if (self) self->newest = &self->fresh;
    if (self && grow(self)) { Py_DECREF(self); return PyErr_NoMemory(); }
    return (PyObject *)self;
}

static void walker_dealloc(Walker *self) {
    PyTypeObject *type = Py_TYPE((PyObject *)self);
    for (size_t slot = 0; slot < self->slots; slot++) if (self->table[slot]) drop(self->table[slot]);
    for (Flow *flow = self->fresh, *next; flow; flow = next) { next = flow->next; flow->fresh = 0; drop(flow); }
    free(self->table);
    ((freefunc)PyType_GetSlot(type, Py_tp_free))(self);
    Py_DECREF(type);
}

static PyMemberDef members[] = {
    {"frames", T_ULONGLONG, offsetof(Walker, frames), READONLY, "Frames walked."},
    {"taken", T_ULONGLONG, offsetof(Walker, taken), READONLY, "Packets gathered."},
    {"buffered", T_ULONGLONG, offsetof(Walker, buffered), READONLY, "Bytes that wait for `take`."},
    {NULL, 0, 0, 0, NULL}};

static PyMethodDef methods[] = {
    {"block", (PyCFunction)walker_block, METH_VARARGS, "block(memory, start, end) -> [(frame, time, tag)]"},
    {"records", (PyCFunction)walker_records, METH_VARARGS, "records(data, place, big, unit, until) -> (place, next, latest, odd)"},
    {"learn", (PyCFunction)walker_learn, METH_VARARGS, "learn(key, owner), learn(key, None) to ignore, learn(key) to forget"},
    {"gather", (PyCFunction)walker_gather, METH_VARARGS, "gather(key, time, packet) -> whether the key is known"},
    {"take", (PyCFunction)walker_take, METH_VARARGS, "take(most) -> [(owner, run, counters)]"},
    {NULL, NULL, 0, NULL}};
static PyType_Slot slots[] = {{Py_tp_new, walker_new}, {Py_tp_dealloc, walker_dealloc}, {Py_tp_methods, methods},
                              {Py_tp_members, members}, {Py_tp_doc, "See capture/walk.py."}, {0, NULL}};
static PyType_Spec spec = {"capture._walk.Walker", sizeof(Walker), 0, Py_TPFLAGS_DEFAULT, slots};
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "capture._walk", "The hot path in C.", -1, NULL, NULL, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit__walk(void) {
    PyObject *made = PyModule_Create(&module), *type = PyType_FromSpec(&spec);
    if (!made || !type || PyModule_AddObjectRef(made, "Walker", type)) Py_CLEAR(made);
    return Py_XDECREF(type), made;
}
