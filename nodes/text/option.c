// SPDX-License-Identifier: Apache-2.0
#include <kith/option.h>

#include <string.h>

#include <kith/suggest.h>
#include <kith/wrap.h>

#define HEADING_SIZE 80
#define HELP_COLUMN  28

void kith_option_reader_init(struct kith_option_reader *reader, int argc, char **argv,
                             const struct kith_option *options, size_t option_count)
{
    *reader = (struct kith_option_reader){
        .argc = argc, .argv = argv, .options = options, .option_count = option_count, .place = 1};
}

static const struct kith_option *find_by_name(const struct kith_option_reader *reader,
                                              const char *name, size_t len)
{
    for (size_t i = 0; i < reader->option_count; i++) {
        const char *candidate = reader->options[i].name;
        if (strlen(candidate) == len && strncmp(candidate, name, len) == 0)
            return &reader->options[i];
    }
    return NULL;
}

static const struct kith_option *find_by_letter(const struct kith_option_reader *reader,
                                                char letter)
{
    for (size_t i = 0; i < reader->option_count; i++) {
        if (reader->options[i].letter == letter)
            return &reader->options[i];
    }
    return NULL;
}

static struct kith_option_event take_value(struct kith_option_reader *reader,
                                           const struct kith_option *option)
{
    if (reader->place >= reader->argc)
        return (struct kith_option_event){KITH_OPTION_VALUE_MISSING, option, NULL};
    return (struct kith_option_event){KITH_OPTION_GIVEN, option, reader->argv[reader->place++]};
}

static struct kith_option_event read_long(struct kith_option_reader *reader)
{
    const char *word = reader->argv[reader->place++];
    const char *name = word + 2, *equals = strchr(name, '=');
    size_t len = equals != NULL ? (size_t)(equals - name) : strlen(name);
    const struct kith_option *option = find_by_name(reader, name, len);
    if (option == NULL)
        return (struct kith_option_event){KITH_OPTION_UNKNOWN, NULL, word};
    if (option->value == NULL && equals != NULL)
        return (struct kith_option_event){KITH_OPTION_VALUE_UNWANTED, option, equals + 1};
    if (option->value == NULL)
        return (struct kith_option_event){KITH_OPTION_GIVEN, option, NULL};
    if (equals != NULL)
        return (struct kith_option_event){KITH_OPTION_GIVEN, option, equals + 1};
    return take_value(reader, option);
}

static struct kith_option_event read_letter(struct kith_option_reader *reader)
{
    const char *word = reader->argv[reader->place];
    char letter = word[reader->letter++];
    const char *rest = word + reader->letter;
    const struct kith_option *option = find_by_letter(reader, letter);
    if (option != NULL && option->value == NULL) {
        if (*rest == 0) {
            reader->letter = 0;
            reader->place++;
        }
        return (struct kith_option_event){KITH_OPTION_GIVEN, option, NULL};
    }
    reader->letter = 0;
    reader->place++;
    if (option == NULL)
        return (struct kith_option_event){KITH_OPTION_UNKNOWN, NULL, word};
    if (*rest != 0)
        return (struct kith_option_event){KITH_OPTION_GIVEN, option, rest};
    return take_value(reader, option);
}

struct kith_option_event kith_option_next(struct kith_option_reader *reader)
{
    if (reader->letter != 0)
        return read_letter(reader);
    if (reader->place >= reader->argc)
        return (struct kith_option_event){KITH_OPTION_END, NULL, NULL};
    const char *word = reader->argv[reader->place];
    if (!reader->arguments_only && strcmp(word, "--") == 0) {
        reader->arguments_only = 1;
        reader->place++;
        return kith_option_next(reader);
    }
    // A lone "-" is an argument: standard input.
    if (reader->arguments_only || word[0] != '-' || word[1] == 0) {
        reader->place++;
        return (struct kith_option_event){KITH_OPTION_ARGUMENT, NULL, word};
    }
    if (word[1] == '-')
        return read_long(reader);
    reader->letter = 1;
    return read_letter(reader);
}

static const char *option_name(const void *words, size_t index)
{
    const struct kith_option_reader *reader = words;
    return index < reader->option_count ? reader->options[index].name : NULL;
}

static void explain_unknown(const struct kith_option_reader *reader, const char *word, char *text,
                            size_t size)
{
    char name[KITH_SUGGEST_WORD_SIZE + 1] = "";
    size_t len = strcspn(word, "=");
    const char *meant = NULL;
    if (word[1] == '-' && len - 2 < sizeof(name)) {
        memcpy(name, word + 2, len - 2);
        name[len - 2] = 0;
        meant = kith_suggest(name, option_name, reader);
    }
    if (meant != NULL)
        snprintf(text, size, "unknown option '%.*s'; did you mean '--%s'?", (int)len, word, meant);
    else
        snprintf(text, size, "unknown option '%.*s'", (int)len, word);
}

void kith_option_explain(const struct kith_option_reader *reader,
                         const struct kith_option_event *event, char *text, size_t size)
{
    if (event->kind == KITH_OPTION_UNKNOWN)
        explain_unknown(reader, event->value, text, size);
    else if (event->kind == KITH_OPTION_VALUE_MISSING)
        snprintf(text, size, "option '--%s' needs a value: --%s %s", event->option->name,
                 event->option->name, event->option->value);
    else
        snprintf(text, size, "option '--%s' takes no value, but was given '%s'",
                 event->option->name, event->value);
}

char *kith_option_heading(const struct kith_option *option, char *text, size_t size)
{
    char letter[] = "    ";
    if (option->letter != 0)
        memcpy(letter, (char[]){'-', option->letter, ',', ' '}, 4);
    snprintf(text, size, "%s--%s%s%s", letter, option->name, option->value != NULL ? " " : "",
             option->value != NULL ? option->value : "");
    return text;
}

void kith_option_print(FILE *out, const struct kith_option *options, size_t option_count)
{
    char heading[HEADING_SIZE];
    for (size_t i = 0; i < option_count; i++) {
        kith_option_heading(&options[i], heading, sizeof(heading));
        kith_wrap_entry(out, heading, options[i].help, HELP_COLUMN);
    }
}
