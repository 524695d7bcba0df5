#include "core/key.h"

#include "core/buf.h"
#include "core/defer.h"
#include "core/env.h"
#include "core/why.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	NONCE = 12,
	TAG = 16,
	CHECK = 8, /* bytes of the check sum */
	DIGITS = 2 * KEY_BYTES,
	CHECK_DIGITS = 2 * CHECK,
};

/* "repofs-key 1 DIGITS CHECK\n" */
static const char HEAD[] = "repofs-key 1 ";
enum {
	HEAD_LEN = sizeof(HEAD) - 1,
	LINE_LEN = HEAD_LEN + DIGITS + 1 + CHECK_DIGITS,
};

static void close_fd(const int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
}

void key_forget(struct key *key)
{
	OPENSSL_cleanse(key, sizeof(*key));
}

static int no_crypto(struct why *why)
{
	return why_set(why, -EIO, "libcrypto failed");
}

/* ---- from the bytes of the file to keys ---- */

static int hmac(const unsigned char key[KEY_BYTES], const void *bytes,
		size_t len, unsigned char ret[KEY_DIGEST], struct why *why)
{
	unsigned size = KEY_DIGEST;

	if (!HMAC(EVP_sha256(), key, KEY_BYTES, bytes, len, ret, &size))
		return no_crypto(why);
	return 0;
}

static int derive_one(const unsigned char master[KEY_BYTES], const char *use,
		      unsigned char ret[KEY_DIGEST], struct why *why)
{
	return hmac(master, use, strlen(use), ret, why);
}

static int derive(const unsigned char master[KEY_BYTES], struct key *ret,
		  struct why *why)
{
	unsigned char id[KEY_DIGEST];
	int r = derive_one(master, "repofs id", id, why);

	if (r == 0)
		r = derive_one(master, "repofs seal", ret->seal, why);
	if (r == 0)
		r = derive_one(master, "repofs digest", ret->digest, why);
	if (r == 0)
		memcpy(ret->id, id, KEY_ID);
	return r;
}

/* ---- the file ---- */

static void write_hex(const unsigned char *bytes, size_t len, char *out)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < len; i++) {
		out[2 * i] = digits[bytes[i] >> 4];
		out[2 * i + 1] = digits[bytes[i] & 15];
	}
}

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int read_hex(const char *text, size_t len, unsigned char *out)
{
	for (size_t i = 0; i < len; i++) {
		int high = digit(text[2 * i]), low = digit(text[2 * i + 1]);

		if (high < 0 || low < 0)
			return -EBADMSG;
		out[i] = (unsigned char)(high << 4 | low);
	}
	return 0;
}

/* The check sum of all that stands before it. */
static int check_sum(const char *line, char ret[CHECK_DIGITS], struct why *why)
{
	unsigned char sha[EVP_MAX_MD_SIZE];

	if (EVP_Digest(line, HEAD_LEN + DIGITS, sha, NULL, EVP_sha256(),
		       NULL) != 1)
		return no_crypto(why);
	write_hex(sha, CHECK, ret);
	return 0;
}

static int make_line(const unsigned char master[KEY_BYTES],
		     char line[LINE_LEN + 1], struct why *why)
{
	memcpy(line, HEAD, HEAD_LEN);
	write_hex(master, KEY_BYTES, line + HEAD_LEN);
	line[HEAD_LEN + DIGITS] = ' ';
	line[LINE_LEN] = '\n';
	return check_sum(line, line + HEAD_LEN + DIGITS + 1, why);
}

static int parse_line(const char *line, size_t len,
		      unsigned char ret[KEY_BYTES], struct why *why)
{
	char sum[CHECK_DIGITS];
	int r;

	if (len < LINE_LEN || memcmp(line, HEAD, HEAD_LEN) != 0 ||
	    line[HEAD_LEN + DIGITS] != ' ' ||
	    (len > LINE_LEN && line[LINE_LEN] != '\n'))
		return -EBADMSG;
	r = check_sum(line, sum, why);
	if (r == 0 &&
	    memcmp(sum, line + HEAD_LEN + DIGITS + 1, sizeof(sum)) != 0)
		r = -EBADMSG;
	return r < 0 ? r : read_hex(line + HEAD_LEN, KEY_BYTES, ret);
}

int key_read(const char *path, const struct env *env, struct key *ret,
	     struct why *why)
{
	DROP(close_fd) int fd = open(path, O_RDONLY | O_CLOEXEC);
	unsigned char master[KEY_BYTES];
	char line[LINE_LEN + 2];
	ssize_t len;
	int r;

	len = fd < 0 ? -1 : read(fd, line, sizeof(line));
	if (len < 0)
		return why_set(why, -errno, "cannot read the key file '%s': %s",
			       path, strerrordesc_np(errno));
	r = parse_line(line, (size_t)len, master, why);
	if (r == -EBADMSG)
		(void)why_set(why, r,
			      "'%s' is no key file of repofs, or is damaged",
			      path);
	if (r == 0)
		r = derive(master, ret, why);
	ret->env = env;
	OPENSSL_cleanse(line, sizeof(line));
	OPENSSL_cleanse(master, sizeof(master));
	return r;
}

static int no_file(const char *path, int code, struct why *why)
{
	return why_set(why, code, "cannot make the key file '%s': %s", path,
		       strerrordesc_np(-code));
}

/* The folder's own entry for the name, too. */
static int sync_folder(const char *path)
{
	const char *slash = strrchr(path, '/');
	DROP(close_fd) int fd = -1;
	char folder[4096] = ".";

	if (slash && (size_t)(slash - path) >= sizeof(folder))
		return -ENAMETOOLONG;
	if (slash)
		(void)snprintf(folder, sizeof(folder), "%.*s",
			       slash == path ? 1 : (int)(slash - path), path);
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 || fsync(fd) < 0 ? -errno : 0;
}

static int write_file(const char *name, const char *line, size_t len)
{
	DROP(close_fd)
	int fd = open(name,
		      O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
		      0600);

	if (fd < 0)
		return -errno;
	if (fchmod(fd, 0600) < 0 || write(fd, line, len) != (ssize_t)len ||
	    fsync(fd) < 0)
		return errno ? -errno : -EIO;
	return 0;
}

/* Under another name first, so that a crash leaves no half of a key. The link
 * fails if the name is taken. */
static int put_file(const char *path, const char *line, size_t len)
{
	char name[4096];
	int r;

	errno = 0;
	if (snprintf(name, sizeof(name), "%s.%ld.new", path, (long)getpid()) >=
	    (int)sizeof(name))
		return -ENAMETOOLONG;
	(void)unlink(name);
	r = write_file(name, line, len);
	if (r == 0 && link(name, path) < 0)
		r = -errno;
	(void)unlink(name);
	return r < 0 ? r : sync_folder(path);
}

int key_create(const char *path, const struct env *env, struct key *ret,
	       struct why *why)
{
	unsigned char master[KEY_BYTES];
	char line[LINE_LEN + 1];
	int r = env_random(env, master, sizeof(master));

	if (r < 0)
		return no_file(path, r, why);
	r = make_line(master, line, why);
	if (r == 0)
		r = derive(master, ret, why);
	ret->env = env;
	if (r == 0) {
		r = put_file(path, line, sizeof(line));
		if (r < 0)
			(void)no_file(path, r, why);
	}
	OPENSSL_cleanse(line, sizeof(line));
	OPENSSL_cleanse(master, sizeof(master));
	return r;
}

/* ---- sealing: nonce, bytes, tag ---- */

static void free_cipher(EVP_CIPHER_CTX **c)
{
	EVP_CIPHER_CTX_free(*c);
}

static int make_bound(const struct key_place *place, struct buf *out,
		      struct why *why)
{
	buf_text(out, place->what);
	buf_addf(out, " %lld ", (long long)place->id);
	buf_text(out, place->at ? place->at : "");
	return buf_error(out) ? why_set(why, -ENOMEM, "out of memory") : 0;
}

/* Begin either way; the bytes of the place are read. */
static int begin(EVP_CIPHER_CTX *c, const struct key *key,
		 const struct key_place *place, const unsigned char *nonce,
		 int encrypt, struct why *why)
{
	DROP(buf_done) struct buf bound = {0};
	int r = make_bound(place, &bound, why), n;

	if (r < 0)
		return r;
	if (!c ||
	    EVP_CipherInit_ex(c, EVP_aes_256_gcm(), NULL, key->seal, nonce,
			      encrypt) != 1 ||
	    EVP_CipherUpdate(c, NULL, &n, (unsigned char *)bound.data,
			     (int)bound.len) != 1)
		return no_crypto(why);
	return 0;
}

int key_seal(const struct key *key, const struct key_place *place,
	     const void *plain, size_t len, struct buf *out, struct why *why)
{
	DROP(free_cipher) EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
	unsigned char *at;
	int r, n;

	if (len > INT32_MAX - KEY_OVERHEAD ||
	    buf_reserve(out, len + KEY_OVERHEAD) < 0)
		return why_set(why, -ENOMEM, "out of memory for sealing");
	at = (unsigned char *)out->data + out->len;
	r = env_random(key->env, at, NONCE);
	if (r < 0)
		return why_set(why, r, "no random numbers for sealing");
	r = begin(c, key, place, at, 1, why);
	if (r < 0)
		return r;
	at += NONCE;
	if ((len && EVP_CipherUpdate(c, at, &n, plain, (int)len) != 1) ||
	    EVP_CipherFinal_ex(c, at + len, &n) != 1 ||
	    EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_GET_TAG, TAG, at + len) != 1)
		return no_crypto(why);
	out->len += len + KEY_OVERHEAD;
	return 0;
}

int key_unseal(const struct key *key, const struct key_place *place,
	       const void *sealed, size_t len, struct buf *out, struct why *why)
{
	DROP(free_cipher) EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
	const unsigned char *at = sealed;
	unsigned char tag[TAG], *to;
	size_t plain;
	int r, n;

	if (len < KEY_OVERHEAD || len > INT32_MAX)
		return why_set(why, -EBADMSG, "something sealed is cut off");
	plain = len - KEY_OVERHEAD;
	if (buf_reserve(out, plain + 1) < 0)
		return why_set(why, -ENOMEM, "out of memory for unsealing");
	memcpy(tag, at + NONCE + plain, TAG);
	r = begin(c, key, place, at, 0, why);
	if (r < 0)
		return r;
	to = (unsigned char *)out->data + out->len;
	if ((plain &&
	     EVP_CipherUpdate(c, to, &n, at + NONCE, (int)plain) != 1) ||
	    EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_SET_TAG, TAG, tag) != 1)
		return no_crypto(why);
	if (EVP_CipherFinal_ex(c, to + plain, &n) != 1) {
		OPENSSL_cleanse(to, plain);
		return why_set(why, -EBADMSG,
			       "what is sealed is damaged, or is not what was "
			       "stored there");
	}
	out->len += plain;
	return 0;
}

int key_digest(const struct key *key, const void *bytes, size_t len,
	       unsigned char ret[KEY_DIGEST], struct why *why)
{
	return hmac(key->digest, bytes, len, ret, why);
}
