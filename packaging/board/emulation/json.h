/* Looks up values in a JSON text that is known to be well formed, without a copy. */

#include <stdlib.h>
#include <string.h>

static const char *skip_space(const char *at)
{
    return at + strspn(at, " \t\r\n,:");
}

static const char *skip_value(const char *at)
{
    int depth = 0;
    at = skip_space(at);
    do {
        if (*at == '"')
            for (at++; *at && *at != '"'; at++)
                at += *at == '\\' && at[1];
        depth += (*at == '{' || *at == '[') - (*at == '}' || *at == ']');
        at += *at != 0;
        if (depth == 0 && !strchr("\"}]", at[-1]))
            at += strcspn(at, ",]}");
    } while (*at && depth > 0);
    return skip_space(at);
}

static const char *element(const char *array, int index)
{
    if (!array || *array != '[')
        return NULL;
    const char *at = skip_space(array + 1);
    while (index-- > 0 && *at && *at != ']')
        at = skip_value(at);
    return *at && *at != ']' ? at : NULL;
}

static const char *member(const char *object, const char *key)
{
    if (!object || *object != '{')
        return NULL;
    for (const char *at = skip_space(object + 1); *at == '"'; at = skip_value(skip_value(at)))
        if (strncmp(at + 1, key, strlen(key)) == 0 && at[1 + strlen(key)] == '"')
            return skip_value(at);
    return NULL;
}

static int number(const char *value)
{
    return value ? atoi(value) : -1;
}

static int is_text(const char *value, const char *wanted)
{
    size_t length = strlen(wanted);
    return value && *value == '"' && strncmp(value + 1, wanted, length) == 0
           && value[1 + length] == '"';
}
