// SPDX-License-Identifier: Apache-2.0
// The configuration file: one YAML mapping from keys to values or to lists of values.
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <yaml.h>

#define WHERE_SIZE 256

struct reader {
    struct kithi_config *config;
    struct kithi_problems *problems;
    const char *path;
    yaml_parser_t parser;
    yaml_event_t event;
    bool seen[KITHI_SETTINGS_MAX];
};

// Moves on to the next event. False: the file isn't YAML, which has been told.
static bool advance(struct reader *reader)
{
    yaml_event_delete(&reader->event);
    if (yaml_parser_parse(&reader->parser, &reader->event))
        return true;
    const yaml_parser_t *parser = &reader->parser;
    kithi_problem_error(
        reader->problems, "%s:%zu: not YAML: %s%s%s", reader->path, parser->problem_mark.line + 1,
        parser->problem != NULL ? parser->problem : "unreadable",
        parser->context != NULL ? " " : "", parser->context != NULL ? parser->context : "");
    return false;
}

static size_t line(const struct reader *reader)
{
    return reader->event.start_mark.line + 1;
}

// Moves to the end of the value that begins at the current event.
static bool skip_value(struct reader *reader)
{
    unsigned depth = 0;
    for (;;) {
        yaml_event_type_t type = reader->event.type;
        if (type == YAML_SEQUENCE_START_EVENT || type == YAML_MAPPING_START_EVENT)
            depth++;
        else if (type == YAML_SEQUENCE_END_EVENT || type == YAML_MAPPING_END_EVENT)
            depth--;
        if (depth == 0)
            return true;
        if (!advance(reader))
            return false;
    }
}

static void add_scalar(struct reader *reader, size_t place)
{
    char where[WHERE_SIZE];
    const char *text = (const char *)reader->event.data.scalar.value;
    const char *key = reader->config->settings[place]->key;
    snprintf(where, sizeof(where), "%.180s:%zu: %s", reader->path, line(reader), key);
    if (strlen(text) != reader->event.data.scalar.length)
        kithi_problem_error(reader->problems, "%s: has a zero byte in it", where);
    else if (text[0] == 0 && reader->event.data.scalar.style == YAML_PLAIN_SCALAR_STYLE)
        kithi_problem_error(reader->problems,
                            "%s: has no value; leave the line out for the default", where);
    else
        kithi_config_add(reader->config, place, text, KITHI_FILE, where, reader->problems);
}

// The items of a list, up to its end. An empty list is a value, too.
static bool read_list(struct reader *reader, size_t place)
{
    char where[WHERE_SIZE];
    snprintf(where, sizeof(where), "%.180s:%zu: %s", reader->path, line(reader),
             reader->config->settings[place]->key);
    kithi_config_set(reader->config, place, "", KITHI_FILE, where, reader->problems);
    for (;;) {
        if (!advance(reader))
            return false;
        if (reader->event.type == YAML_SEQUENCE_END_EVENT)
            return true;
        if (reader->event.type == YAML_SCALAR_EVENT) {
            add_scalar(reader, place);
            continue;
        }
        kithi_problem_error(reader->problems, "%.180s:%zu: %s: an item of the list isn't a value",
                            reader->path, line(reader), reader->config->settings[place]->key);
        if (!skip_value(reader))
            return false;
    }
}

static bool read_value(struct reader *reader, size_t place)
{
    const struct kith_setting *setting = reader->config->settings[place];
    if (reader->event.type == YAML_SCALAR_EVENT) {
        add_scalar(reader, place);
        return true;
    }
    if (reader->event.type == YAML_SEQUENCE_START_EVENT && setting->type == KITH_SETTING_HOSTS)
        return read_list(reader, place);
    const char *found = reader->event.type == YAML_SEQUENCE_START_EVENT  ? "a list"
                        : reader->event.type == YAML_MAPPING_START_EVENT ? "a mapping"
                                                                         : "an alias";
    const char *example = setting->example != NULL   ? setting->example
                          : setting->initial != NULL ? setting->initial
                                                     : setting->value;
    kithi_problem_error(reader->problems,
                        "%s:%zu: %s: expected one value, not %s; for example: "
                        "'%s: %s'",
                        reader->path, line(reader), setting->key, found, setting->key, example);
    return skip_value(reader);
}

static int find_key(struct reader *reader)
{
    const char *key = (const char *)reader->event.data.scalar.value;
    if (strlen(key) != reader->event.data.scalar.length) {
        kithi_problem_error(reader->problems, "%s:%zu: a key has a zero byte in it", reader->path,
                            line(reader));
        return -1;
    }
    int place = kithi_config_find(reader->config, key);
    if (place >= 0 && strcmp(key, reader->config->settings[place]->key) == 0) {
        if (reader->seen[place])
            kithi_problem_error(reader->problems, "%s:%zu: '%s' is there twice", reader->path,
                                line(reader), key);
        reader->seen[place] = true;
        return place;
    }
    const char *meant = kithi_config_suggest(reader->config, key);
    kithi_problem_error(reader->problems, "%s:%zu: unknown setting '%.100s'%s%s%s", reader->path,
                        line(reader), key, meant != NULL ? "; did you mean '" : "",
                        meant != NULL ? meant : "", meant != NULL ? "'?" : "");
    return -1;
}

static bool read_mapping(struct reader *reader)
{
    for (;;) {
        if (!advance(reader))
            return false;
        if (reader->event.type == YAML_MAPPING_END_EVENT)
            return true;
        int place = -1;
        if (reader->event.type == YAML_SCALAR_EVENT)
            place = find_key(reader);
        else
            kithi_problem_error(reader->problems, "%s:%zu: a key must be a word", reader->path,
                                line(reader));
        if (!skip_value(reader) || !advance(reader))
            return false;
        if (!(place >= 0 ? read_value(reader, (size_t)place) : skip_value(reader)))
            return false;
    }
}

// stream start, document start, mapping, document end, stream end; an empty file has no document.
static void read_stream(struct reader *reader)
{
    if (!advance(reader) || !advance(reader) || reader->event.type == YAML_STREAM_END_EVENT ||
        !advance(reader))
        return;
    bool empty = reader->event.type == YAML_SCALAR_EVENT && reader->event.data.scalar.length == 0;
    if (!empty && reader->event.type != YAML_MAPPING_START_EVENT) {
        kithi_problem_error(reader->problems, "%s:%zu: expected lines like 'listen: 0.0.0.0:7400'",
                            reader->path, line(reader));
        return;
    }
    if ((!empty && !read_mapping(reader)) || !advance(reader) || !advance(reader))
        return;
    if (reader->event.type != YAML_STREAM_END_EVENT)
        kithi_problem_error(reader->problems, "%s:%zu: only one YAML document is read",
                            reader->path, line(reader));
}

// Checks before reading what would block or never end.
static bool check_file(FILE *file, const char *path, struct kithi_problems *problems)
{
    struct stat status;
    const char *wrong = NULL;
    if (fstat(fileno(file), &status) != 0)
        wrong = strerror(errno);
    else if (!S_ISREG(status.st_mode))
        wrong = "not a regular file";
    else if (status.st_size > KITHI_CONFIG_FILE_SIZE_MAX)
        wrong = "larger than 1 MB";
    if (wrong != NULL)
        kithi_problem_error(problems, "%s: %s", path, wrong);
    return wrong == NULL;
}

void kithi_config_read_file(struct kithi_config *config, const char *path,
                            struct kithi_problems *problems)
{
    config->file = path;
    struct reader reader = {.config = config, .problems = problems, .path = path};
    // A pipe that nobody writes to must not hold up the start; on files O_NONBLOCK means nothing.
    int descriptor = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    FILE *file = descriptor < 0 ? NULL : fdopen(descriptor, "rb");
    if (file == NULL) {
        kithi_problem_error(problems, "can't read configuration file %s: %s", path,
                            strerror(errno));
        return;
    }
    if (check_file(file, path, problems) && yaml_parser_initialize(&reader.parser)) {
        yaml_parser_set_input_file(&reader.parser, file);
        read_stream(&reader);
        yaml_event_delete(&reader.event);
        yaml_parser_delete(&reader.parser);
    }
    fclose(file);
}
