// Only browsers without modules load this file.
guanxiNotice(true);
