// SPDX-License-Identifier: GPL-2.0-only
/*
 * /sys/firmware/machitap/board_key: the 256 bits of a private key that can be burnt into a Raspberry Pi's processor, for root.
 *
 * The maker's programs ask the firmware for them through a device that only the maker's kernel has; mainline's driver for the
 * firmware carries whatever it is given. Nothing is written from here: bits that are burnt never go back.
 */

#include <linux/kobject.h>
#include <linux/module.h>
#include <linux/of.h>
#include <linux/string.h>
#include <linux/sysfs.h>
#include <soc/bcm2835/raspberrypi-firmware.h>

#define GET_PRIVATE_KEY 0x00030081 /* as the maker's rpi-otp-private-key asks for it */
#define ROWS 8

struct private_key {
	u32 first;
	u32 count;
	u32 rows[ROWS]; /* all 0: none was burnt */
};

static struct rpi_firmware *firmware;
static struct kobject *folder;

static ssize_t board_key_read(struct file *file, struct kobject *kobj, struct bin_attribute *attr, char *buffer,
			      loff_t from, size_t count)
{
	struct private_key key = { .first = 0, .count = ROWS };
	ssize_t done = rpi_firmware_property(firmware, GET_PRIVATE_KEY, &key, sizeof(key));

	if (done)
		done = done == -EINVAL ? -ENODATA : done; /* a firmware that knows no such key */
	else
		done = memory_read_from_buffer(buffer, count, &from, key.rows, sizeof(key.rows));
	memzero_explicit(&key, sizeof(key));
	return done;
}

static BIN_ATTR_ADMIN_RO(board_key, ROWS * sizeof(u32));

static int __init otp_init(void)
{
	struct device_node *node = of_find_compatible_node(NULL, NULL, "raspberrypi,bcm2835-firmware");
	int error;

	if (!node)
		return -ENODEV;
	firmware = rpi_firmware_get(node);
	of_node_put(node);
	if (!firmware)
		return -ENODEV;
	folder = kobject_create_and_add("machitap", firmware_kobj);
	error = folder ? sysfs_create_bin_file(folder, &bin_attr_board_key) : -ENOMEM;
	if (error) {
		kobject_put(folder);
		rpi_firmware_put(firmware);
	}
	return error;
}

static void __exit otp_exit(void)
{
	sysfs_remove_bin_file(folder, &bin_attr_board_key);
	kobject_put(folder);
	rpi_firmware_put(firmware);
}

module_init(otp_init);
module_exit(otp_exit);

/* udev loads it where the firmware's node is, as it would a driver for it. */
static const struct of_device_id boards[] = { { .compatible = "raspberrypi,bcm2835-firmware" }, {} };
MODULE_DEVICE_TABLE(of, boards);

MODULE_DESCRIPTION("Gives root the private key that is burnt into a Raspberry Pi");
MODULE_AUTHOR("machitap");
MODULE_LICENSE("GPL");
