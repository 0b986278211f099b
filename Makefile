# Tandem's one Makefile.  `make help` lists what it can do.
#
# Every folder is found by wildcard: a new .c file needs no line here.  Objects of MODE=x go to
# build/x, so that modes do not disturb each other.

MODE  ?= debug
BUILD ?= build
OUT   := $(BUILD)/$(MODE)
ifeq ($(origin CC),default)
CC := gcc
endif
PREFIX ?= /usr/local

.DEFAULT_GOAL := all
SHELL := /bin/bash
# One short line a step; V=1 shows the commands.
Q := $(if $(V),,@)
say = @$(if $(V),:,printf '  %-4s %s\n' $(1) $(2))

# --- flags -------------------------------------------------------------------------------------
PKGS   := libuv libosip2 libsrtp2 libconfuse jansson spandsp gnutls nettle sqlite3
CFLAGS_debug   := -O1 -g
CFLAGS_release := -O2 -g -DNDEBUG -D_FORTIFY_SOURCE=2 -fstack-protector-strong
CFLAGS_asan    := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=undefined \
                  -fno-omit-frame-pointer
CFLAGS_tsan    := -O1 -g -fsanitize=thread
CFLAGS_cover   := -O0 -g --coverage
ifeq ($(CFLAGS_$(MODE)),)
$(error MODE=$(MODE) is not one of debug, release, asan, tsan, cover)
endif

# -Wdangling-pointer: gcc 12 takes what open_memstream() was given for dangling.
WARN := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith \
        -Wvla -Wwrite-strings -Wno-unused-parameter \
        $(if $(findstring clang,$(CC)),,-Wno-dangling-pointer) $(if $(WERROR),-Werror)
CPPFLAGS_ALL := -I. -D_GNU_SOURCE -DHASH_NONFATAL_OOM=1 $(shell pkg-config --cflags $(PKGS)) $(CPPFLAGS)
CFLAGS_ALL := -std=c11 -pthread $(WARN) $(CFLAGS_$(MODE)) $(CFLAGS)
LDFLAGS_ALL := -pthread $(CFLAGS_$(MODE)) $(LDFLAGS)
LIBS := $(shell pkg-config --libs $(PKGS)) -lpri -lm

# --- sources: one archive a folder; a folder may use those to its right --------------------------
MODULES := gateway conf dialplan sip isup tdm base
MAINS   := gateway/main.c gateway/tandemctl.c
src_base     := $(wildcard gateway/base/*.c)
src_tdm      := $(wildcard tdm/*.c)
src_isup     := $(wildcard isup/*.c)
src_sip      := $(wildcard sip/*.c)
src_dialplan := $(wildcard dialplan/*.c)
src_conf     := $(wildcard conf/*.c)
src_gateway  := $(filter-out $(MAINS),$(wildcard gateway/*.c))
src_pbx      := $(wildcard tests/pbx/*.c)
objs = $(patsubst %.c,$(OUT)/%.o,$(1))
archive = $(OUT)/lib$(1).a
ALL_ARCHIVES := $(foreach m,$(MODULES),$(call archive,$(m)))
PRODUCT_SRC := $(foreach m,$(MODULES),$(src_$(m))) $(MAINS)

# What a unit test of folder x links: x and what x may use.
uses_base     := base
uses_tdm      := tdm base
uses_isup     := isup base
uses_sip      := sip base
uses_dialplan := dialplan base
uses_conf     := conf dialplan sip isup tdm base
uses_gateway  := $(MODULES)
uses_pbx      := isup tdm base

PROGRAMS := $(OUT)/tandem $(OUT)/tandemctl
SIMPBX   := $(OUT)/simpbx
ECHO_BENCH := $(OUT)/echo_bench
FLOOD := $(OUT)/flood

.PHONY: all help demo check check-build check-unit check-sim check-e2e check-fuzz check-dahdi soak-dahdi dahdi-rig bench fuzz lint format install clean \
        compile_commands
all: $(PROGRAMS) $(SIMPBX) ## build the gateway, tandemctl and the simulated PBX

$(OUT)/%.o: %.c
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) -MMD -MP -c -o $@ $<

define archive_rule
$(call archive,$(1)): $(call objs,$(src_$(1)))
	@mkdir -p $$(@D)
	@rm -f $$@
	$$(call say,AR,$$@)
	$$(Q)ar rcs $$@ $$^
endef
$(foreach m,$(MODULES),$(eval $(call archive_rule,$(m))))

$(OUT)/tandem: $(OUT)/gateway/main.o $(ALL_ARCHIVES)
	$(call say,LD,$@)
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $^ $(LIBS)
$(OUT)/tandemctl: $(OUT)/gateway/tandemctl.o $(foreach m,gateway sip isup base,$(call archive,$(m)))
	$(call say,LD,$@)
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $^ $(LIBS)
# The echo canceller alone, measured: for make bench.
$(ECHO_BENCH): $(OUT)/tests/bench/echo_bench.o $(foreach m,tdm base,$(call archive,$(m)))
	$(call say,LD,$@)
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $^ $(LIBS)
$(FLOOD): $(OUT)/tests/bench/flood.o
	$(call say,LD,$@)
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $^
$(SIMPBX): $(call objs,$(src_pbx)) $(foreach m,$(uses_pbx),$(call archive,$(m)))
	$(call say,LD,$@)
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $^ $(LIBS)

# --- unit tests: tests/unit/FOLDER/FILE_test.c includes FOLDER/FILE.c ----------------------------
UNIT_SRC := $(wildcard tests/unit/*/*_test.c)
UNIT_BIN := $(patsubst %.c,$(OUT)/%,$(UNIT_SRC))
define unit_rule
$(OUT)/tests/unit/$(1)/%_test: $(OUT)/tests/unit/$(1)/%_test.o $(foreach m,$(uses_$(1)),$(call archive,$(m)))
	$$(call say,LD,$$@)
	$$(Q)$(CC) $(LDFLAGS_ALL) -o $$@ $$< $(foreach m,$(uses_$(1)),$(call archive,$(m))) $(LIBS) -lcmocka
endef
$(foreach m,$(MODULES) pbx,$(eval $(call unit_rule,$(m))))

# --- simulated time: tests/sim/*_sim.c, each linked with the harness and the gateway less main ---
# The harness defines clock_gettime and the media worker, so neither libc's nor ours is used.
SIM_SRC := $(wildcard tests/sim/*_sim.c)
SIM_BIN := $(patsubst %.c,$(OUT)/%,$(SIM_SRC))
SIM_OBJ := $(call objs,$(filter-out $(SIM_SRC),$(wildcard tests/sim/*.c)))
# Our own allocations go through tests/sim/alloc.c, which can let one fail.
SIM_WRAP := $(foreach f,malloc calloc realloc strdup,-Wl,--wrap=$(f))
$(OUT)/tests/sim/%_sim: $(OUT)/tests/sim/%_sim.o $(SIM_OBJ) $(ALL_ARCHIVES)
	$(call say,LD,$@)
	$(Q)$(CC) $(LDFLAGS_ALL) -rdynamic $(SIM_WRAP) -o $@ $^ $(LIBS) -lcmocka

# --- fuzzing: tests/fuzz/X_fuzz.c, corpus in tests/fuzz/corpus/X ---------------------------------
FUZZ_SRC    := $(wildcard tests/fuzz/*_fuzz.c)
FUZZ_NAMES  := $(patsubst tests/fuzz/%_fuzz.c,%,$(FUZZ_SRC))
REPLAY_BIN  := $(FUZZ_NAMES:%=$(OUT)/tests/fuzz/%_replay)
FUZZ_SECONDS ?= 60
$(OUT)/tests/fuzz/%_replay: $(OUT)/tests/fuzz/%_fuzz.o $(OUT)/tests/fuzz/replay.o $(ALL_ARCHIVES)
	$(call say,LD,$@)
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $^ $(LIBS)
FUZZ_FLAGS  := -O1 -g -std=c11 -pthread -fsanitize=fuzzer,address,undefined
FUZZ_BIN    := $(FUZZ_NAMES:%=$(BUILD)/fuzz/%)
$(BUILD)/fuzz/%: tests/fuzz/%_fuzz.c $(filter-out $(MAINS),$(PRODUCT_SRC))
	@mkdir -p $(@D)
	$(call say,FUZZ,$@)
	$(Q)clang $(FUZZ_FLAGS) $(CPPFLAGS_ALL) -o $@ $^ $(LIBS)

# --- what people call --------------------------------------------------------------------------
check: check-unit check-fuzz check-sim check-e2e ## run every test

check-build: $(UNIT_BIN) $(SIM_BIN) $(REPLAY_BIN) ## build the tests, run none

check-unit: $(UNIT_BIN) ## unit tests
	@scripts/run-tests unit $(OUT) $(UNIT_BIN)

check-sim: $(SIM_BIN) ## the whole call machine on a virtual clock
	@scripts/run-tests sim $(OUT) $(SIM_BIN)

check-fuzz: $(REPLAY_BIN) ## replay the fuzz corpora
	@scripts/run-tests fuzz $(OUT) $(REPLAY_BIN)

check-e2e: all ## real binaries, real SIP software; TESTS="reload outcomes" picks some
	@scripts/run-tests e2e $(OUT) $(wildcard tests/e2e/*_e2e.py)

fuzz: $(FUZZ_BIN) ## fuzz each parser for FUZZ_SECONDS (default 60)
	@for n in $(FUZZ_NAMES); do \
		mkdir -p $(BUILD)/fuzz/corpus/$$n; \
		$(BUILD)/fuzz/$$n -max_total_time=$(FUZZ_SECONDS) -print_final_stats=1 \
			$(BUILD)/fuzz/corpus/$$n tests/fuzz/corpus/$$n || exit 1; \
	done

# The real DAHDI driver, in a virtual machine that is built once.
DAHDI_RIG  ?= $(BUILD)/dahdi-rig
DAHDI_LINE := $(OUT)/tests/dahdi/line
$(DAHDI_LINE): $(DAHDI_LINE).o
	$(call say,LD,$@)
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $^
$(DAHDI_LINE).o: | dahdi-rig # whose packages have the driver's header
dahdi-rig:
	@tests/dahdi/rig $(DAHDI_RIG) || { [ -z "$$TANDEM_COUNTS" ] || echo 0 1 0 >>"$$TANDEM_COUNTS"; exit 1; }

check-dahdi: all $(DAHDI_LINE) dahdi-rig ## the real DAHDI driver in a virtual machine; TESTS="calls" picks some
	@TANDEM_DAHDI_RIG=$(DAHDI_RIG) scripts/run-tests dahdi $(OUT) $(wildcard tests/dahdi/*_vm.py)

soak-dahdi: all $(DAHDI_LINE) dahdi-rig ## ten minutes of 23 calls over it: no slip, no underrun
	@TANDEM_OUT=$(OUT) TANDEM_DAHDI_RIG=$(DAHDI_RIG) tests/dahdi/soak

bench: ## measure, print a table, write build/bench.json
	@$(MAKE) --no-print-directory MODE=release all $(BUILD)/release/echo_bench $(BUILD)/release/flood
	@OUT=$(BUILD)/release JSON=$(BUILD)/bench.json tests/bench/run

demo: all ## place calls between a simulated PBX and a real SIP phone, and show them
	@OUT=$(OUT) tests/demo/demo

lint: ## who may include whom, file sizes, format, static analysis, man pages
	@scripts/lint

COMPILE_COMMANDS ?= compile_commands.json

format: ## run clang-format over the .c files (headers are laid out by hand)
	@git ls-files -co --exclude-standard '*.c' | xargs clang-format -i

compile_commands: ## write compile_commands.json
	@scripts/compile-commands $(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) > $(COMPILE_COMMANDS)

install: ## install under $(DESTDIR)$(PREFIX)
	@$(MAKE) --no-print-directory MODE=release all
	install -Dm755 $(BUILD)/release/tandem $(DESTDIR)$(PREFIX)/sbin/tandem
	install -Dm755 $(BUILD)/release/tandemctl $(DESTDIR)$(PREFIX)/bin/tandemctl
	install -Dm755 $(BUILD)/release/simpbx $(DESTDIR)$(PREFIX)/bin/tandem-simpbx
	install -d $(DESTDIR)$(PREFIX)/share/doc/tandem $(DESTDIR)$(PREFIX)/share/man/man8 \
		$(DESTDIR)$(PREFIX)/share/man/man5
	install -m644 README.md NEWS.md $(wildcard docs/*.md) $(wildcard conf/*.conf conf/*.sample) \
		$(DESTDIR)$(PREFIX)/share/doc/tandem/
	install -d $(DESTDIR)$(PREFIX)/share/doc/tandem/profiles $(DESTDIR)$(PREFIX)/share/doc/tandem/fail2ban
	install -m644 $(wildcard conf/fail2ban/*.conf) $(DESTDIR)$(PREFIX)/share/doc/tandem/fail2ban/
	install -m644 $(wildcard docs/profiles/*.md) $(DESTDIR)$(PREFIX)/share/doc/tandem/profiles/
	install -m644 $(wildcard docs/*.8) $(DESTDIR)$(PREFIX)/share/man/man8/
	install -m644 $(wildcard docs/*.5) $(DESTDIR)$(PREFIX)/share/man/man5/

clean: ## remove what was built
	rm -rf $(BUILD) compile_commands.json

help: ## this list
	@echo "make TARGET [MODE=debug|release|asan|tsan|cover] [WERROR=1] [V=1]"; echo
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sort | \
		awk -F ':.*## ' '{printf "  %-18s %s\n", $$1, $$2}'

.SECONDARY:
-include $(shell find $(OUT) -name '*.d' 2>/dev/null)
